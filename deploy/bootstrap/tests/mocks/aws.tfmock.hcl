# As in ../../tests/mocks.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_resource "aws_iam_openid_connect_provider" {
  override_during = plan

  defaults = {
    arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }
}

mock_resource "aws_iam_policy" {
  override_during = plan

  defaults = {
    arn = "arn:aws:iam::123456789012:policy/comments-boundary"
  }
}

mock_resource "aws_ecr_repository" {
  override_during = plan

  defaults = {
    arn            = "arn:aws:ecr:eu-west-3:123456789012:repository/comments"
    repository_url = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments"
  }
}

mock_resource "aws_s3_bucket" {
  override_during = plan

  defaults = {
    arn = "arn:aws:s3:::comments-terraform-123456789012"
  }
}

mock_resource "aws_ecr_lifecycle_policy" {
  override_during = plan
}

mock_resource "aws_iam_role" {
  override_during = plan
}

mock_resource "aws_iam_role_policy" {
  override_during = plan
}

mock_resource "aws_iam_role_policy_attachment" {
  override_during = plan
}

mock_resource "aws_s3_bucket_lifecycle_configuration" {
  override_during = plan
}

mock_resource "aws_s3_bucket_policy" {
  override_during = plan
}

mock_resource "aws_s3_bucket_public_access_block" {
  override_during = plan
}

mock_resource "aws_s3_bucket_server_side_encryption_configuration" {
  override_during = plan
}

mock_resource "aws_s3_bucket_versioning" {
  override_during = plan
}
