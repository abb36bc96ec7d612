"""Deploys the template to moto, for the Go tests: moto_deploy.py TEMPLATE.yaml EDGE.zip REGIONAL.zip

Prints one JSON object: what the stacks made, as the services tell it, for a deployment in us-east-1 alone and for one in three
Regions. moto makes log groups, roles, functions and their versions, queues and buckets; it knows nothing of CloudFront in
CloudFormation, nor of rules, bucket policies, public access blocks and lifecycles.
"""

import base64
import hashlib
import json
import sys

import boto3
from moto import mock_aws

with open(sys.argv[2], "rb") as f:
    edge = f.read()
with open(sys.argv[3], "rb") as f:
    regional = f.read()
with open(sys.argv[1], encoding="utf-8") as f:
    template = f.read()
# moto knows no distributions, and stops at outputs of what it does not know.
template = template[: template.index("\nOutputs:")]


def bucket(region, name, key, body):
    s3 = boto3.client("s3", region_name=region)
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)
    s3.put_object(Bucket=name, Key=key, Body=body)


def made(region):
    functions = boto3.client("lambda", region_name=region).list_functions()["Functions"]
    versions = [boto3.client("lambda", region_name=region).list_versions_by_function(FunctionName=f["FunctionName"]) for f in functions]
    groups = boto3.client("logs", region_name=region).describe_log_groups(logGroupNamePrefix="/miniatura/")["logGroups"]
    s3 = boto3.client("s3", region_name=region)
    here = []
    for b in s3.list_buckets()["Buckets"]:
        at = s3.get_bucket_location(Bucket=b["Name"])["LocationConstraint"] or "us-east-1"
        if at == region and not b["Name"].startswith("code-"):
            here.append(b["Name"])
    stack = boto3.client("cloudformation", region_name=region).describe_stacks(StackName="Miniatura")["Stacks"][0]
    return {
        "status": stack["StackStatus"],
        "functions": [[f["Runtime"], f["Handler"], f["MemorySize"], f["Timeout"]] for f in functions],
        "versions": sum(len(v["Versions"]) for v in versions),  # $LATEST, and the one that CloudFront runs
        "logs": [[g["logGroupName"], g.get("retentionInDays")] for g in groups],
        "queues": len(boto3.client("sqs", region_name=region).list_queues().get("QueueUrls", [])),
        "buckets": here,
    }


def deploy(parts, **parameters):
    out = {}
    with mock_aws():
        bucket("us-east-1", "code-edge", "edge.zip", edge)
        parameters.update(BucketName="bkt", CodeBucket="code-edge", CodeKey="edge.zip",
                          CodeSha256=base64.b64encode(hashlib.sha256(edge).digest()).decode())
        if "Regional" in parameters:
            bucket(parameters["BucketRegion"], "code-there", "regional.zip", regional)
            parameters.update(RegionalCodeBucket="code-there", RegionalCodeKey="regional.zip")
        for part, region in parts:
            boto3.client("cloudformation", region_name=region).create_stack(
                StackName="Miniatura", TemplateBody=template, Capabilities=["CAPABILITY_IAM"],
                Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in dict(parameters, Part=part).items()])
        for _, region in parts:
            out[region] = made(region)
    return out


json.dump({
    "alone": deploy([("edge", "us-east-1")]),
    "elsewhere": deploy([("edge", "us-east-1"), ("regional", "eu-west-3"), ("logs", "eu-west-2")],
                        BucketRegion="eu-west-3", OriginShield="eu-west-2", Regional="true", DistributionId="E1ABCDEF"),
}, sys.stdout, default=str)
