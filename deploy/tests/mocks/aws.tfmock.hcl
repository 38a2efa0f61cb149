# What AWS would say, said at once: so every value is known in a plan, and no test has to apply one.
# What has no value here gets a random one, another for each resource.

mock_data "aws_availability_zones" {
  defaults = { names = ["eu-west-3a", "eu-west-3b", "eu-west-3c"] }
}

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_resource "aws_acm_certificate" {
  override_during = plan

  defaults = {
    domain_validation_options = [{
      domain_name           = "comments.example.com"
      resource_record_name  = "_name.comments.example.com"
      resource_record_type  = "CNAME"
      resource_record_value = "_value.acm.example.com"
    }]
  }
}

mock_resource "aws_acm_certificate_validation" {
  override_during = plan
}

mock_resource "aws_appautoscaling_policy" {
  override_during = plan
}

mock_resource "aws_appautoscaling_target" {
  override_during = plan
}

mock_resource "aws_cloudwatch_dashboard" {
  override_during = plan
}

mock_resource "aws_cloudwatch_log_group" {
  override_during = plan

  defaults = {
    arn = "arn:aws:logs:eu-west-3:123456789012:log-group:mocked"
  }
}

mock_resource "aws_cloudwatch_log_metric_filter" {
  override_during = plan
}

mock_resource "aws_cloudwatch_metric_alarm" {
  override_during = plan
}

mock_resource "aws_db_subnet_group" {
  override_during = plan
}

mock_resource "aws_default_security_group" {
  override_during = plan
}

mock_resource "aws_ecs_cluster" {
  override_during = plan
}

mock_resource "aws_ecs_service" {
  override_during = plan
}

mock_resource "aws_ecs_task_definition" {
  override_during = plan
}

mock_resource "aws_flow_log" {
  override_during = plan
}

mock_resource "aws_iam_role" {
  override_during = plan
}

mock_resource "aws_iam_role_policy" {
  override_during = plan
}

mock_resource "aws_internet_gateway" {
  override_during = plan
}

mock_resource "aws_kms_alias" {
  override_during = plan
}

mock_resource "aws_kms_key" {
  override_during = plan

  defaults = {
    arn = "arn:aws:kms:eu-west-3:123456789012:key/mocked"
  }
}

mock_resource "aws_lb" {
  override_during = plan

  defaults = {
    arn        = "arn:aws:elasticloadbalancing:eu-west-3:123456789012:loadbalancer/app/mocked/0"
    arn_suffix = "app/mocked/0"
    dns_name   = "mocked.eu-west-3.elb.example.com"
  }
}

mock_resource "aws_lb_listener" {
  override_during = plan
}

mock_resource "aws_lb_listener_rule" {
  override_during = plan
}

mock_resource "aws_lb_target_group" {
  override_during = plan

  defaults = {
    arn        = "arn:aws:elasticloadbalancing:eu-west-3:123456789012:targetgroup/mocked/0"
    arn_suffix = "targetgroup/mocked/0"
  }
}

mock_resource "aws_rds_cluster" {
  override_during = plan

  defaults = {
    endpoint           = "comments.cluster-mocked.eu-west-3.rds.amazonaws.com"
    master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-west-3:123456789012:secret:master" }]
  }
}

mock_resource "aws_rds_cluster_instance" {
  override_during = plan
}

mock_resource "aws_rds_cluster_parameter_group" {
  override_during = plan
}

mock_resource "aws_route53_record" {
  override_during = plan
}

mock_resource "aws_route_table" {
  override_during = plan
}

mock_resource "aws_route_table_association" {
  override_during = plan
}

mock_resource "aws_s3_bucket" {
  override_during = plan

  defaults = {
    arn = "arn:aws:s3:::mocked"
  }
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

mock_resource "aws_secretsmanager_secret" {
  override_during = plan
}

mock_resource "aws_security_group" {
  override_during = plan
}

mock_resource "aws_sns_topic" {
  override_during = plan

  defaults = {
    arn = "arn:aws:sns:eu-west-3:123456789012:mocked"
  }
}

mock_resource "aws_sns_topic_subscription" {
  override_during = plan
}

mock_resource "aws_subnet" {
  override_during = plan
}

mock_resource "aws_vpc" {
  override_during = plan
}

mock_resource "aws_vpc_endpoint" {
  override_during = plan
}

mock_resource "aws_vpc_security_group_egress_rule" {
  override_during = plan
}

mock_resource "aws_vpc_security_group_ingress_rule" {
  override_during = plan
}

mock_resource "aws_wafv2_web_acl" {
  override_during = plan
}

mock_resource "aws_wafv2_web_acl_association" {
  override_during = plan
}

mock_resource "aws_wafv2_web_acl_logging_configuration" {
  override_during = plan
}
