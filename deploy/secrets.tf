# Secrets that only the service may know. The values come from Secrets Manager's own generator,
# once, by deploy/migrate: they are in no file, in no variable and in no state.
locals {
  secrets = {
    database-password = "Password of comments_app, the service's user of the database"
    deploy-token      = "What the pipeline shows to write the register of deployments"
    moderator-token   = "What moderators sign in with"
  }

  secret_arns = { for name, secret in aws_secretsmanager_secret.main : name => secret.arn }
}

resource "aws_secretsmanager_secret" "main" {
  for_each = local.secrets

  # AWS remembers a deleted secret's name for a while; a stack that is made again needs another.
  name_prefix             = "${local.name}-${each.key}-"
  description             = each.value
  kms_key_id              = aws_kms_key.main.arn
  recovery_window_in_days = local.is_production ? 30 : 7
}
