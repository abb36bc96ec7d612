"""Deploys a CloudFormation template to moto, for the Go tests: moto_deploy.py TEMPLATE.yaml CODE.zip

Prints one JSON object: what the stack made, as the services tell it. moto makes the log group, the role, the function,
its version and the encrypted bucket; it knows nothing of CloudFront in CloudFormation, nor of bucket policies, public
access blocks and lifecycles.
"""

import base64
import hashlib
import json
import sys

import boto3
from moto import mock_aws

with open(sys.argv[2], "rb") as f:
    code = f.read()
with open(sys.argv[1], encoding="utf-8") as f:
    # What `aws cloudformation package` does: upload the code, write where it is.
    template = f.read().replace("Code: ../../dist/edge.zip", "Code: {S3Bucket: artifacts, S3Key: code.zip}")
    # moto knows no distributions, and stops at outputs of what it does not know.
    template = template[: template.index("\nOutputs:")]

with mock_aws():
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="code.zip", Body=code)
    cf = boto3.client("cloudformation", region_name="us-east-1")
    cf.create_stack(
        StackName="Miniatura",
        TemplateBody=template,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": "BucketName", "ParameterValue": "bkt"},
            {"ParameterKey": "CodeSha256", "ParameterValue": base64.b64encode(hashlib.sha256(code).digest()).decode()},
        ],
    )
    out = {"status": cf.describe_stacks(StackName="Miniatura")["Stacks"][0]["StackStatus"]}
    out["encryption"] = s3.get_bucket_encryption(Bucket="bkt")["ServerSideEncryptionConfiguration"]["Rules"][0][
        "ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
    lam = boto3.client("lambda", region_name="us-east-1")
    f = lam.list_functions()["Functions"][0]
    out["function"] = [f["Runtime"], f["Handler"], f["MemorySize"], f["Timeout"]]
    out["versions"] = len(lam.list_versions_by_function(FunctionName=f["FunctionName"])["Versions"])
    log = boto3.client("logs", region_name="us-east-1")
    out["logs"] = [[g["logGroupName"], g.get("retentionInDays")] for g in log.describe_log_groups()["logGroups"] if "miniatura" in g["logGroupName"]]
    json.dump(out, sys.stdout, default=str)
