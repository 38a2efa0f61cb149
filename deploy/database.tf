resource "aws_db_subnet_group" "main" {
  name       = local.name
  subnet_ids = aws_subnet.database[*].id
}

resource "aws_rds_cluster_parameter_group" "main" {
  name_prefix = "${local.name}-"
  family      = "aurora-postgresql${split(".", var.database.engine_version)[0]}"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "250"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_rds_cluster" "main" {
  cluster_identifier              = local.name
  engine                          = "aurora-postgresql"
  engine_mode                     = "provisioned"
  engine_version                  = var.database.engine_version
  database_name                   = "comments"
  port                            = 5432
  db_subnet_group_name            = aws_db_subnet_group.main.name
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.main.name
  vpc_security_group_ids          = [aws_security_group.database.id]

  # AWS makes this password and changes it every week, which a running task would not notice. So only
  # the migration uses it; the service has a user and a secret of its own.
  master_username                     = "comments"
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = aws_kms_key.main.arn
  iam_database_authentication_enabled = true

  # How deploy/migrate makes the service's user, from outside of the network and with IAM's leave.
  enable_http_endpoint = true

  storage_encrypted               = true
  kms_key_id                      = aws_kms_key.main.arn
  backup_retention_period         = var.database.backup_days
  copy_tags_to_snapshot           = true
  enabled_cloudwatch_logs_exports = ["postgresql"]

  deletion_protection       = local.is_production
  delete_automated_backups  = !local.is_production
  skip_final_snapshot       = !local.is_production
  final_snapshot_identifier = local.is_production ? "${local.name}-final" : null

  serverlessv2_scaling_configuration {
    min_capacity             = var.database.min_acu
    max_capacity             = var.database.max_acu
    seconds_until_auto_pause = var.database.min_acu == 0 ? 600 : null
  }

  # AWS brings minor versions by itself, and would not go back to the one that is written here. For
  # the next major version take this away for one apply.
  lifecycle {
    ignore_changes = [engine_version]
  }

  depends_on = [aws_cloudwatch_log_group.main]
}

resource "aws_rds_cluster_instance" "main" {
  count = var.database.instances

  identifier                      = "${local.name}-${count.index}"
  cluster_identifier              = aws_rds_cluster.main.id
  engine                          = aws_rds_cluster.main.engine
  engine_version                  = aws_rds_cluster.main.engine_version
  instance_class                  = "db.serverless"
  availability_zone               = local.zones[count.index % var.az_count]
  publicly_accessible             = false
  auto_minor_version_upgrade      = true
  copy_tags_to_snapshot           = true
  ca_cert_identifier              = "rds-ca-rsa2048-g1"
  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.main.arn
}

# How to reach it, as libpq says it. The password comes apart, in PGPASSWORD.
locals {
  store = { for user in ["comments", "comments_app"] : user => join("", [
    "postgresql://${user}@${aws_rds_cluster.main.endpoint}:${aws_rds_cluster.main.port}",
    "/${aws_rds_cluster.main.database_name}",
    "?sslmode=verify-full&sslrootcert=/etc/ssl/certs/rds.pem",
  ]) }
}
