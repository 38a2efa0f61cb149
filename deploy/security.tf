resource "aws_security_group" "alb" {
  name        = "${local.name}-alb"
  description = "Load balancer: the public side"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-alb" }
}

resource "aws_security_group" "tasks" {
  name        = "${local.name}-tasks"
  description = "Tasks: reached from the load balancer only"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-tasks" }
}

resource "aws_security_group" "database" {
  name        = "${local.name}-database"
  description = "Database: reached from the tasks only"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-database" }
}

resource "aws_security_group" "endpoints" {
  name        = "${local.name}-endpoints"
  description = "AWS endpoints: reached from the tasks only"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "public" {
  for_each = toset(var.domain == null ? ["80"] : ["80", "443"])

  security_group_id = aws_security_group.alb.id
  description       = "Anyone, port ${each.key}"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.key)
  to_port           = tonumber(each.key)
  cidr_ipv4         = "0.0.0.0/0"
}

# Which parts may talk to each other. Each flow is allowed out of one end and into the other; all
# else is forbidden.
locals {
  flows = {
    alb-tasks = {
      from = aws_security_group.alb.id
      to   = aws_security_group.tasks.id
      port = var.task.port
    }
    tasks-database = {
      from = aws_security_group.tasks.id
      to   = aws_security_group.database.id
      port = 5432
    }
    tasks-endpoints = {
      from = aws_security_group.tasks.id
      to   = aws_security_group.endpoints.id
      port = 443
    }
  }
}

resource "aws_vpc_security_group_egress_rule" "flow" {
  for_each = local.flows

  security_group_id            = each.value.from
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  referenced_security_group_id = each.value.to
}

resource "aws_vpc_security_group_ingress_rule" "flow" {
  for_each = local.flows

  security_group_id            = each.value.to
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  referenced_security_group_id = each.value.from
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.tasks.id
  description       = "Layers of images, through the endpoint of S3"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
}
