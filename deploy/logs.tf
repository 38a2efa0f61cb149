# Every log group that is written to. One that AWS made by itself would keep logs for ever, and not
# encrypted.
locals {
  log_groups = {
    app      = "/ecs/${local.name}"
    insights = "/aws/ecs/containerinsights/${local.name}/performance"
    database = "/aws/rds/cluster/${local.name}/postgresql"
    flow     = "/vpc/${local.name}"
    # The firewall takes no other name.
    firewall = "aws-waf-logs-${local.name}"
  }
}

resource "aws_cloudwatch_log_group" "main" {
  for_each = local.log_groups

  name              = each.value
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_flow_log" "main" {
  vpc_id          = aws_vpc.main.id
  traffic_type    = "REJECT"
  log_destination = aws_cloudwatch_log_group.main["flow"].arn
  iam_role_arn    = aws_iam_role.flow.arn
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "${local.name}-errors"
  log_group_name = aws_cloudwatch_log_group.main["app"].name
  pattern        = "{ $.level = \"error\" }"

  metric_transformation {
    namespace     = var.component
    name          = "LoggedErrors-${var.environment}"
    value         = "1"
    default_value = "0"
  }
}
