output "url" {
  description = "Where the service answers."
  value       = var.domain == null ? "http://${aws_lb.main.dns_name}" : "https://${var.domain.name}"
}

output "alb_hostname" {
  description = "Public name of the load balancer."
  value       = aws_lb.main.dns_name
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.main.dashboard_name
}

output "cluster" {
  description = "Name of the ECS cluster."
  value       = aws_ecs_cluster.main.name
}

output "task_definition" {
  description = "What serves this release."
  value       = aws_ecs_task_definition.app.arn
}

output "release" {
  description = "What was deployed last, and by whom."
  value       = var.release
}

output "migration" {
  description = "The request that deploy/migrate makes: which task to run, and where."
  value       = terraform_data.migration.output
}

output "secrets" {
  description = "The secrets that deploy/migrate fills in, once."
  value       = join(" ", values(local.secret_arns))
}

output "database" {
  description = "What deploy/migrate makes the service's user in, as whom, and with which password."
  value = {
    cluster         = aws_rds_cluster.main.arn
    master_secret   = local.master_secret_arn
    password_secret = local.secret_arns["database-password"]
  }
}

output "deploy_token_secret" {
  description = "Where the pipeline finds its token for the register of deployments."
  value       = local.secret_arns["deploy-token"]
}
