# What is kept: the database, secrets, keys, the bucket of access logs.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "storage" {
  command = plan

  # The database
  assert {
    condition = (
      aws_rds_cluster.main.storage_encrypted == true &&
      aws_rds_cluster.main.kms_key_id == aws_kms_key.main.arn
    )
    error_message = "The database is encrypted with our own key (CKV_AWS_96, 327)."
  }
  assert {
    condition = (
      aws_rds_cluster.main.deletion_protection == true &&
      aws_rds_cluster.main.skip_final_snapshot == false &&
      aws_rds_cluster.main.final_snapshot_identifier == "comments-production-final" &&
      aws_rds_cluster.main.delete_automated_backups == false
    )
    error_message = "Production's database cannot be deleted by accident, nor its backups (CKV_AWS_139)."
  }
  assert {
    condition     = aws_rds_cluster.main.backup_retention_period == 14
    error_message = "Every second of the last two weeks can be gone back to (CKV_AWS_133)."
  }
  assert {
    condition     = aws_rds_cluster.main.copy_tags_to_snapshot == true
    error_message = "Backups have the cluster's tags (CKV_AWS_313)."
  }
  assert {
    condition     = aws_rds_cluster.main.iam_database_authentication_enabled == true
    error_message = "The database would take IAM's word for who connects (CKV_AWS_162)."
  }
  assert {
    condition     = aws_rds_cluster.main.enable_http_endpoint == true
    error_message = "deploy/migrate reaches the database, which nothing outside of the network does."
  }
  assert {
    condition     = aws_rds_cluster.main.enabled_cloudwatch_logs_exports == toset(["postgresql"])
    error_message = "The database's log is kept (CKV_AWS_324)."
  }
  assert {
    condition = {
      for parameter in aws_rds_cluster_parameter_group.main.parameter : parameter.name => parameter.value
    } == { "rds.force_ssl" = "1", log_statement = "ddl", log_min_duration_statement = "250" }
    error_message = "The database speaks TLS only, and logs slow statements (CKV2_AWS_27)."
  }
  assert {
    condition = (
      aws_rds_cluster.main.db_cluster_parameter_group_name == aws_rds_cluster_parameter_group.main.name &&
      aws_rds_cluster_parameter_group.main.family == "aurora-postgresql17"
    )
    error_message = "The cluster has these parameters, for the engine's major version."
  }
  assert {
    condition = (
      aws_rds_cluster.main.manage_master_user_password == true &&
      aws_rds_cluster.main.master_user_secret_kms_key_id == aws_kms_key.main.arn &&
      aws_rds_cluster.main.master_password == null && aws_rds_cluster.main.master_username == "comments"
    )
    error_message = "AWS makes the master's password and keeps it; it is in no file and no state."
  }
  assert {
    condition = (
      aws_rds_cluster.main.engine == "aurora-postgresql" && aws_rds_cluster.main.port == 5432 &&
      aws_rds_cluster.main.engine_mode == "provisioned" &&
      aws_rds_cluster.main.engine_version == var.database.engine_version &&
      aws_rds_cluster.main.database_name == "comments"
    )
    error_message = "The database is Aurora PostgreSQL."
  }
  assert {
    condition = (
      aws_rds_cluster.main.db_subnet_group_name == aws_db_subnet_group.main.name &&
      aws_db_subnet_group.main.subnet_ids == toset(aws_subnet.database[*].id) &&
      aws_rds_cluster.main.vpc_security_group_ids == toset([aws_security_group.database.id])
    )
    error_message = "The database stands in its own subnets, behind its own security group."
  }
  assert {
    condition = jsonencode([
      for scaling in aws_rds_cluster.main.serverlessv2_scaling_configuration :
      [scaling.min_capacity, scaling.max_capacity]
    ]) == jsonencode([[0.5, 4]])
    error_message = "Production's database grows and shrinks, and never pauses."
  }
  assert {
    condition = (
      length(aws_rds_cluster_instance.main) == 2 && alltrue([
        for instance in aws_rds_cluster_instance.main :
        instance.instance_class == "db.serverless" && instance.publicly_accessible == false &&
        instance.cluster_identifier == aws_rds_cluster.main.id &&
        instance.engine == "aurora-postgresql" && instance.auto_minor_version_upgrade == true &&
        instance.ca_cert_identifier == "rds-ca-rsa2048-g1" && instance.copy_tags_to_snapshot == true
      ])
    )
    error_message = "Two instances, so that one may die; neither can be reached from outside."
  }
  assert {
    condition = (
      aws_rds_cluster_instance.main[*].availability_zone == ["eu-west-3a", "eu-west-3b"] &&
      distinct(aws_rds_cluster_instance.main[*].identifier) == tolist(["comments-production-0", "comments-production-1"]) &&
      alltrue([for instance in aws_rds_cluster_instance.main : instance.engine_version == "17.5"])
    )
    error_message = "The two stand in two zones, under names of their own, and are of the same version."
  }
  assert {
    condition = alltrue([
      for instance in aws_rds_cluster_instance.main :
      instance.performance_insights_enabled == true &&
      instance.performance_insights_kms_key_id == aws_kms_key.main.arn
    ])
    error_message = "What the database does all day can be looked at, under our key (CKV_AWS_353, 354)."
  }

  # Secrets
  assert {
    condition = toset(keys(aws_secretsmanager_secret.main)) == toset([
      "database-password", "deploy-token", "moderator-token",
    ])
    error_message = "These are the secrets."
  }
  assert {
    condition = alltrue([
      for secret in aws_secretsmanager_secret.main :
      secret.kms_key_id == aws_kms_key.main.arn && secret.recovery_window_in_days == 30
    ])
    error_message = "Secrets are under our key and can be had back for a month (CKV_AWS_149)."
  }
  assert {
    condition     = output.deploy_token_secret == aws_secretsmanager_secret.main["deploy-token"].arn
    error_message = "The pipeline learns where its token is, and not the token."
  }

  # The key
  assert {
    condition     = aws_kms_key.main.enable_key_rotation == true && aws_kms_key.main.deletion_window_in_days == 30
    error_message = "The key rotates, and can be had back for a month (CKV_AWS_7)."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.main.policy).Statement :
      statement.Effect == "Allow" && alltrue([for a in flatten([statement.Action]) : !strcontains(a, "*")])
    ])
    error_message = "The key's policy names every action."
  }
  assert {
    condition = jsonencode([
      for statement in jsondecode(aws_kms_key.main.policy).Statement :
      [statement.Action, statement.Resource] if statement.Sid == "Alarms"
    ]) == jsonencode([[["kms:Decrypt", "kms:GenerateDataKey"], "*"]])
    error_message = "Alarms use the key for messages, and for nothing else."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.main.policy).Statement : statement.Resource == "*"
    ])
    error_message = "The key's policy is about the key, which it calls *."
  }
  assert {
    condition = [
      for policy in [aws_kms_key.main.policy, aws_s3_bucket_policy.access_logs.policy] :
      jsondecode(policy).Version
    ] == ["2012-10-17", "2012-10-17"]
    error_message = "Policies are in the language that conditions are understood in."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_kms_key.main.policy).Statement :
      statement.Sid => jsonencode([statement.Principal, try(statement.Condition, null)])
      } == {
      Account = jsonencode([{ AWS = "arn:aws:iam::123456789012:root" }, null])
      Logs = jsonencode([{ Service = "logs.eu-west-3.amazonaws.com" }, { ArnLike = {
        "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-west-3:123456789012:*"
      } }])
      Alarms = jsonencode([
        { Service = "cloudwatch.amazonaws.com" },
        { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      ])
    }
    error_message = "The key is for this account, its log groups and its alarms."
  }
  assert {
    condition = alltrue([
      for action in ["kms:PutKeyPolicy", "kms:Decrypt", "kms:CreateGrant"] :
      contains(jsondecode(aws_kms_key.main.policy).Statement[0].Action, action)
    ])
    error_message = "The account does not lock itself out of its own key."
  }
  assert {
    condition     = aws_kms_alias.main.target_key_id == aws_kms_key.main.key_id && aws_kms_alias.main.name == "alias/comments-production"
    error_message = "The key has a name that people know."
  }

  # Access logs
  assert {
    condition = alltrue([
      for block in [aws_s3_bucket_public_access_block.access_logs] :
      block.block_public_acls == true && block.block_public_policy == true &&
      block.ignore_public_acls == true && block.restrict_public_buckets == true &&
      block.bucket == aws_s3_bucket.access_logs.id
    ])
    error_message = "No one else may read the access logs (CKV_AWS_53 to 56)."
  }
  assert {
    condition = flatten([
      for rule in aws_s3_bucket_server_side_encryption_configuration.access_logs.rule :
      rule.apply_server_side_encryption_by_default[*].sse_algorithm
    ]) == ["AES256"]
    error_message = "The access logs are encrypted, in the one way that a load balancer can."
  }
  assert {
    condition = [
      for versioning in aws_s3_bucket_versioning.access_logs.versioning_configuration : versioning.status
    ] == ["Enabled"]
    error_message = "Who overwrites an access log leaves the old one (CKV_AWS_21)."
  }
  assert {
    condition = flatten([
      for rule in aws_s3_bucket_lifecycle_configuration.access_logs.rule :
      [rule.status, rule.expiration[*].days]
    ]) == ["Enabled", 365]
    error_message = "Access logs are kept as long as all logs, and no longer."
  }
  assert {
    condition     = aws_s3_bucket.access_logs.force_destroy == false
    error_message = "Production's access logs are not thrown away with the stack."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.access_logs.policy).Statement : statement.Principal
      if statement.Effect == "Allow"
    ] == [{ Service = "logdelivery.elasticloadbalancing.amazonaws.com" }]
    error_message = "Only load balancers write to the access logs."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.access_logs.policy).Statement :
      [statement.Action, statement.Resource] if statement.Effect == "Allow"
    ] == [["s3:PutObject", "arn:aws:s3:::mocked/AWSLogs/123456789012/*"]]
    error_message = "Load balancers add access logs below this account's path, and do nothing else."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_s3_bucket_policy.access_logs.policy).Statement :
      statement.Condition == { ArnLike = {
        "aws:SourceArn" = "arn:aws:elasticloadbalancing:eu-west-3:123456789012:loadbalancer/*"
      } } if statement.Effect == "Allow"
    ])
    error_message = "Load balancers of other accounts write nothing here."
  }
  assert {
    condition = jsonencode([
      for statement in jsondecode(aws_s3_bucket_policy.access_logs.policy).Statement :
      [statement.Principal, statement.Action, statement.Resource, statement.Condition]
      if statement.Effect == "Deny"
      ]) == jsonencode([[
        { AWS = "*" }, "s3:*", ["arn:aws:s3:::mocked", "arn:aws:s3:::mocked/*"],
        { Bool = { "aws:SecureTransport" = "false" } }
    ]])
    error_message = "The access logs are never read or written unencrypted."
  }
}
