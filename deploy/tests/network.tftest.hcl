# Who can reach whom: zones, subnets, routes, security groups, endpoints.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "network" {
  command = plan

  # Zones and subnets
  assert {
    condition = alltrue([
      for tier in [aws_subnet.public, aws_subnet.private, aws_subnet.database] :
      tier[*].availability_zone == ["eu-west-3a", "eu-west-3b"]
    ])
    error_message = "Each tier has a subnet in each of two zones, pinned; a load balancer takes no fewer."
  }
  assert {
    condition = (
      concat(
        aws_subnet.public[*].cidr_block, aws_subnet.private[*].cidr_block,
        aws_subnet.database[*].cidr_block
        ) == [
        "10.40.0.0/20", "10.40.16.0/20", "10.40.64.0/20", "10.40.80.0/20", "10.40.128.0/20",
        "10.40.144.0/20",
      ]
    )
    error_message = "Subnets do not overlap."
  }
  assert {
    condition = alltrue([
      for subnet in concat(aws_subnet.public, aws_subnet.private, aws_subnet.database) :
      subnet.map_public_ip_on_launch == false && subnet.vpc_id == aws_vpc.main.id
    ])
    error_message = "No subnet hands out public addresses (CKV_AWS_130)."
  }
  assert {
    condition     = aws_vpc.main.cidr_block == "10.40.0.0/16" && !startswith(aws_vpc.main.cidr_block, "172.17.")
    error_message = "The network is not Docker's own, as the original's was."
  }
  assert {
    condition     = aws_vpc.main.enable_dns_support == true && aws_vpc.main.enable_dns_hostnames == true
    error_message = "Endpoints are found by the names of what they lead to."
  }

  # Routes
  assert {
    condition     = length(aws_route_table.private.route) == 0 && length(aws_route_table.database.route) == 0
    error_message = "Neither tasks nor database have a route out."
  }
  assert {
    condition = (
      aws_route_table_association.private[*].subnet_id == aws_subnet.private[*].id &&
      one(distinct(aws_route_table_association.private[*].route_table_id)) == aws_route_table.private.id &&
      aws_route_table_association.database[*].subnet_id == aws_subnet.database[*].id &&
      one(distinct(aws_route_table_association.database[*].route_table_id)) == aws_route_table.database.id
    )
    error_message = "Private subnets have the private table, those of the database the database's."
  }
  assert {
    condition = (
      aws_route_table_association.public[*].subnet_id == aws_subnet.public[*].id &&
      one(distinct(aws_route_table_association.public[*].route_table_id)) == aws_route_table.public.id &&
      [for route in aws_route_table.public.route : [route.cidr_block, route.gateway_id]] ==
      [["0.0.0.0/0", aws_internet_gateway.main.id]]
    )
    error_message = "Public subnets have the internet gateway."
  }
  assert {
    condition = alltrue([
      for one in [
        aws_internet_gateway.main, aws_route_table.public, aws_route_table.private,
        aws_route_table.database,
      ] : one.vpc_id == aws_vpc.main.id
    ])
    error_message = "Gateway and tables are this network's."
  }

  # Security groups
  assert {
    condition = alltrue([
      for rules in [aws_default_security_group.main.ingress, aws_default_security_group.main.egress] :
      length([for rule in rules : rule]) == 0
    ]) && aws_default_security_group.main.vpc_id == aws_vpc.main.id
    error_message = "The default security group lets nothing through (CKV2_AWS_12)."
  }
  assert {
    condition = (
      toset([for rule in aws_vpc_security_group_ingress_rule.public : rule.from_port]) == toset([80, 443]) &&
      alltrue([for rule in aws_vpc_security_group_ingress_rule.public :
        rule.from_port == rule.to_port && rule.ip_protocol == "tcp" &&
        rule.security_group_id == aws_security_group.alb.id && rule.cidr_ipv4 == "0.0.0.0/0"
      ])
    )
    error_message = "The world reaches ports 80 and 443 of the load balancer, and nothing else (CKV_AWS_260)."
  }
  assert {
    condition = {
      for name, rule in aws_vpc_security_group_ingress_rule.flow : name => [
        rule.referenced_security_group_id, rule.security_group_id, rule.from_port, rule.to_port,
        rule.ip_protocol,
      ]
      } == {
      alb-tasks       = [aws_security_group.alb.id, aws_security_group.tasks.id, 8000, 8000, "tcp"]
      tasks-database  = [aws_security_group.tasks.id, aws_security_group.database.id, 5432, 5432, "tcp"]
      tasks-endpoints = [aws_security_group.tasks.id, aws_security_group.endpoints.id, 443, 443, "tcp"]
    }
    error_message = "Each is reached from its neighbour only, on the one port."
  }
  assert {
    condition = {
      for name, rule in aws_vpc_security_group_egress_rule.flow : name => [
        rule.security_group_id, rule.referenced_security_group_id, rule.from_port, rule.to_port,
        rule.ip_protocol,
      ]
      } == {
      alb-tasks       = [aws_security_group.alb.id, aws_security_group.tasks.id, 8000, 8000, "tcp"]
      tasks-database  = [aws_security_group.tasks.id, aws_security_group.database.id, 5432, 5432, "tcp"]
      tasks-endpoints = [aws_security_group.tasks.id, aws_security_group.endpoints.id, 443, 443, "tcp"]
    }
    error_message = "Each calls its neighbour only, on the one port (CKV_AWS_382)."
  }
  assert {
    condition = alltrue([
      for rule in concat(
        values(aws_vpc_security_group_egress_rule.flow), [aws_vpc_security_group_egress_rule.s3],
        values(aws_vpc_security_group_ingress_rule.flow)
      ) :
      rule.cidr_ipv4 == null && rule.cidr_ipv6 == null
    ])
    error_message = "Nothing inside calls the world, or is called by it."
  }
  assert {
    condition = (
      aws_vpc_security_group_egress_rule.s3.security_group_id == aws_security_group.tasks.id &&
      aws_vpc_security_group_egress_rule.s3.prefix_list_id == aws_vpc_endpoint.s3.prefix_list_id &&
      aws_vpc_security_group_egress_rule.s3.from_port == 443 &&
      aws_vpc_security_group_egress_rule.s3.to_port == 443
    )
    error_message = "Tasks fetch layers of images through the endpoint of S3."
  }
  assert {
    condition = alltrue([
      for group in [
        aws_security_group.alb, aws_security_group.tasks, aws_security_group.database,
        aws_security_group.endpoints,
      ] :
      group.vpc_id == aws_vpc.main.id && length([for rule in group.ingress : rule]) == 0 &&
      length([for rule in group.egress : rule]) == 0
    ])
    error_message = "Security groups have no rules but those that the tests know."
  }

  # Endpoints
  assert {
    condition = toset([for e in aws_vpc_endpoint.interface : e.service_name]) == toset([
      "com.amazonaws.eu-west-3.ecr.api", "com.amazonaws.eu-west-3.ecr.dkr",
      "com.amazonaws.eu-west-3.logs", "com.amazonaws.eu-west-3.secretsmanager",
    ])
    error_message = "Tasks reach the registry, the logs and the secrets, and nothing else of AWS."
  }
  assert {
    condition = alltrue([
      for endpoint in aws_vpc_endpoint.interface :
      endpoint.vpc_endpoint_type == "Interface" && endpoint.private_dns_enabled == true &&
      endpoint.vpc_id == aws_vpc.main.id && endpoint.subnet_ids == toset(aws_subnet.private[*].id) &&
      endpoint.security_group_ids == toset([aws_security_group.endpoints.id])
    ])
    error_message = "Each endpoint stands in every private subnet, behind the endpoints' group."
  }
  assert {
    condition = alltrue([
      for endpoint in concat(values(aws_vpc_endpoint.interface), [aws_vpc_endpoint.s3]) :
      jsondecode(endpoint.policy).Version == "2012-10-17"
    ])
    error_message = "Policies are in the language that conditions are understood in."
  }
  assert {
    condition = alltrue([
      for endpoint in aws_vpc_endpoint.interface : jsonencode([
        for statement in jsondecode(endpoint.policy).Statement :
        [statement.Effect, statement.Principal, statement.Resource, statement.Condition]
        ]) == jsonencode([[
          "Allow", { AWS = "*" }, "*",
          { StringEquals = { "aws:PrincipalAccount" = "123456789012" } }
      ]])
    ])
    error_message = "Endpoints serve this account only."
  }
  assert {
    condition = {
      for name, endpoint in aws_vpc_endpoint.interface :
      name => join(" ", flatten(jsondecode(endpoint.policy).Statement[*].Action))
      } == {
      "ecr.api"        = "ecr:GetAuthorizationToken ${join(" ", local.pull_actions)}"
      "ecr.dkr"        = "ecr:GetAuthorizationToken ${join(" ", local.pull_actions)}"
      "logs"           = "logs:CreateLogStream logs:PutLogEvents"
      "secretsmanager" = "secretsmanager:GetSecretValue"
    }
    error_message = "Through an endpoint goes what starting a task takes, and nothing else."
  }
  assert {
    condition = (
      aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" &&
      aws_vpc_endpoint.s3.service_name == "com.amazonaws.eu-west-3.s3" &&
      aws_vpc_endpoint.s3.vpc_id == aws_vpc.main.id &&
      aws_vpc_endpoint.s3.route_table_ids == toset([aws_route_table.private.id])
    )
    error_message = "Tasks, and not the database, reach S3 through the gateway that costs nothing."
  }
  assert {
    condition = jsonencode([
      for statement in jsondecode(aws_vpc_endpoint.s3.policy).Statement :
      [statement.Effect, statement.Principal, statement.Action, statement.Resource]
      ]) == jsonencode([[
        "Allow", { AWS = "*" }, "s3:GetObject",
        "arn:aws:s3:::prod-eu-west-3-starport-layer-bucket/*"
    ]])
    error_message = "Of S3, tasks read the layers of images, and nothing else."
  }
}

run "three_zones" {
  command = plan

  variables {
    az_count = 3
  }

  assert {
    condition = alltrue([
      for tier in [aws_subnet.public, aws_subnet.private, aws_subnet.database] :
      tier[*].availability_zone == ["eu-west-3a", "eu-west-3b", "eu-west-3c"]
    ])
    error_message = "With three zones each tier has three subnets."
  }
  assert {
    condition = length(distinct(concat(
      aws_subnet.public[*].cidr_block, aws_subnet.private[*].cidr_block,
      aws_subnet.database[*].cidr_block
    ))) == 9
    error_message = "Nine subnets do not overlap either."
  }
}
