# Values for the repository's settings (README.md).

output "state_bucket" {
  description = "The variable STATE_BUCKET."
  value       = aws_s3_bucket.state.id
}

output "ecr_repository" {
  description = "The variable ECR_REPOSITORY."
  value       = aws_ecr_repository.main.repository_url
}

output "plan_role" {
  description = "The variable AWS_PLAN_ROLE."
  value       = aws_iam_role.pipeline["plan"].arn
}

output "publish_role" {
  description = "The variable AWS_PUBLISH_ROLE."
  value       = aws_iam_role.pipeline["publish"].arn
}

output "deploy_roles" {
  description = "The variable AWS_DEPLOY_ROLE of each environment."
  value       = { for name in local.environments : name => aws_iam_role.pipeline[name].arn }
}
