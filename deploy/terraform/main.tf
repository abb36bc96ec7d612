# miniatura with Terraform: it uploads the zip and makes a stack of the template in each Region that
# needs one. It was never applied to a real account. A test compares its names with the template's
# parameters.

variable "bucket" { description = "Bucket of the original pictures" }
variable "bucket_region" { default = "us-east-1" }
variable "name" { default = "Miniatura" }
variable "zip" { default = "../../dist/edge.zip" }
variable "shield" { default = "bucket" } # "bucket", off, or a Region if the bucket's has no Origin Shield
variable "parameters" {
  description = "Further parameters of the template: { AutoWebp = \"true\", Memory = \"1024\" }"
  type        = map(string)
  default     = {}
}

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 6.0" } # one provider works in all Regions
  }
}
data "aws_caller_identity" "me" {}

locals {
  template = file("${path.module}/../cloudformation/template.yaml")
  new      = lookup(var.parameters, "ExistingBucket", "false") == "false" && lookup(var.parameters, "AttachOnly", "false") == "false"
  warm     = lookup(var.parameters, "Regional", "false") == "true" # upload its zip yourself: RegionalCodeBucket, RegionalCodeKey
  logs     = contains(["bucket", "off"], var.shield) ? var.bucket_region : var.shield
  common = merge(var.parameters, {
    BucketName = var.bucket, BucketRegion = var.bucket_region, OriginShield = var.shield,
    CodeBucket = aws_s3_object.code.bucket, CodeKey = aws_s3_object.code.key, CodeSha256 = filebase64sha256(var.zip)
  })
}

resource "aws_s3_bucket" "code" {
  region = "us-east-1"
  bucket = "miniatura-code-${data.aws_caller_identity.me.account_id}-us-east-1"
}
resource "aws_s3_object" "code" {
  region = "us-east-1"
  bucket = aws_s3_bucket.code.id
  key    = "edge-${substr(filesha256(var.zip), 0, 16)}.zip"
  source = var.zip
}

resource "aws_cloudformation_stack" "edge" {
  region        = "us-east-1"
  name          = var.name
  template_body = local.template
  capabilities  = ["CAPABILITY_IAM"]
  parameters    = merge(local.common, { Part = "edge" })
}
resource "aws_cloudformation_stack" "regional" {
  count         = var.bucket_region != "us-east-1" && (local.new || local.warm || local.logs == var.bucket_region) ? 1 : 0
  region        = var.bucket_region
  name          = var.name
  template_body = local.template
  capabilities  = ["CAPABILITY_IAM"]
  parameters    = merge(local.common, { Part = "regional", DistributionId = lookup(aws_cloudformation_stack.edge.outputs, "DistributionId", lookup(var.parameters, "DistributionId", "")) })
}
resource "aws_cloudformation_stack" "logs" {
  count         = contains(["us-east-1", var.bucket_region], local.logs) ? 0 : 1
  region        = local.logs
  name          = var.name
  template_body = local.template
  parameters    = merge(local.common, { Part = "logs" })
}

output "edge" { value = aws_cloudformation_stack.edge.outputs }
