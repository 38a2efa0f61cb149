provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}

data "aws_caller_identity" "current" {}

# Without local zones and the like, which have to be opted into.
data "aws_availability_zones" "available" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  name          = "${var.component}-${var.environment}"
  account_id    = data.aws_caller_identity.current.account_id
  zones         = slice(data.aws_availability_zones.available.names, 0, var.az_count)
  is_production = var.environment == "production"

  tags = {
    Component   = var.component
    Environment = var.environment
    Version     = var.release.version
    # A tag takes fewer characters than a name: dependabot[bot] has two that it refuses.
    Responsible = replace(var.release.responsible, "/[^\\w .:=+@-]/", "_")
    ManagedBy   = "terraform"
  }
}
