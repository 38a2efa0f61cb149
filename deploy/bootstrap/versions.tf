# What the pipeline needs before it can do anything: applied once for an account, by hand, by
# an administrator. Its own state stays on that machine; nothing in it is secret.

terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "6.25.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Component = var.component
      ManagedBy = "terraform, by hand"
    }
  }
}

data "aws_caller_identity" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
}
