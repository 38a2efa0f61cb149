# Whatever the settings are, they give a stack: run in turn with staging.tfvars and production.tfvars in
# the place of production.auto.tfvars.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  release = {
    image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    version     = "1.2.3"
    responsible = "octocat"
  }
}

run "settings" {
  command = plan

  assert {
    condition = (
      aws_ecs_cluster.main.name == "comments-${var.environment}" &&
      aws_rds_cluster.main.deletion_protection == (var.environment == "production") &&
      (var.environment == "staging" || startswith(output.url, "https://"))
    )
    error_message = "Production is protected and speaks HTTPS; staging is where it is tried out."
  }
}
