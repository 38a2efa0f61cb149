# A task that runs once for each release, before the service rolls, and as the master user: it brings
# the database's schema up to date.
#
#   terraform apply -target=terraform_data.migration    all that it needs, and not the service
#   ./migrate                                           the secrets; the task; the service's user
#   terraform apply                                     the service

resource "aws_ecs_task_definition" "migration" {
  family                   = "${local.name}-migration"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.execution["migration"].arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  container_definitions = jsonencode([merge(local.container, {
    name    = "migration"
    command = ["migrate"]

    environment = [
      { name = "COMMENTS_STORE", value = local.store["comments"] },
    ]

    secrets = [
      { name = "PGPASSWORD", valueFrom = "${local.master_secret_arn}:password::" },
    ]

    logConfiguration = {
      logDriver = "awslogs"
      options   = merge(local.log_options, { awslogs-stream-prefix = "migration" })
    }
  })])
}

# The request that runs it, as `aws ecs run-task` takes it.
resource "terraform_data" "migration" {
  input = {
    cluster        = aws_ecs_cluster.main.name
    taskDefinition = aws_ecs_task_definition.migration.arn
    launchType     = "FARGATE"
    networkConfiguration = { awsvpcConfiguration = {
      subnets        = aws_subnet.private[*].id
      securityGroups = [aws_security_group.tasks.id]
      assignPublicIp = "DISABLED"
    } }
  }

  depends_on = [
    aws_iam_role_policy.execution,
    aws_rds_cluster_instance.main,
    aws_route_table_association.database,
    aws_route_table_association.private,
    aws_vpc_endpoint.interface,
    aws_vpc_security_group_egress_rule.flow,
    aws_vpc_security_group_egress_rule.s3,
    aws_vpc_security_group_ingress_rule.flow,
  ]
}
