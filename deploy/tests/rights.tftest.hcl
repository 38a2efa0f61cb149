# Who may do what in AWS.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "rights" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for policy in concat(values(aws_iam_role_policy.execution), [aws_iam_role_policy.flow]) : [
        for statement in jsondecode(policy.policy).Statement : [
          for action in flatten([statement.Action]) : statement.Effect == "Allow" && !strcontains(action, "*")
        ]
      ]
    ]))
    error_message = "Policies name every action."
  }
  assert {
    condition = alltrue([
      for policy in concat(
        concat(values(aws_iam_role_policy.execution), [aws_iam_role_policy.flow])[*].policy,
        concat(values(aws_iam_role.execution), [aws_iam_role.task, aws_iam_role.flow])[*].assume_role_policy
      ) : jsondecode(policy).Version == "2012-10-17"
    ])
    error_message = "Policies are in the language that conditions are understood in."
  }
  assert {
    condition = toset(flatten([
      for policy in concat(values(aws_iam_role_policy.execution), [aws_iam_role_policy.flow]) : [
        for statement in jsondecode(policy.policy).Statement : statement.Action
        if contains(flatten([statement.Resource]), "*")
      ]
    ])) == toset(["ecr:GetAuthorizationToken"])
    error_message = "Everything is of something named; only the registry's login is of everything."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.execution["app"].policy).Statement :
      statement.Sid => jsonencode([statement.Action, statement.Resource])
      } == {
      LogIn = jsonencode(["ecr:GetAuthorizationToken", "*"])
      PullImage = jsonencode([
        ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "arn:aws:ecr:eu-west-3:123456789012:repository/comments"
      ])
      WriteLog = jsonencode([
        ["logs:CreateLogStream", "logs:PutLogEvents"], "${aws_cloudwatch_log_group.main["app"].arn}:*"
      ])
      ReadSecrets = jsonencode([
        "secretsmanager:GetSecretValue", [for secret in aws_secretsmanager_secret.main : secret.arn]
      ])
      DecryptSecrets = jsonencode(["kms:Decrypt", aws_kms_key.main.arn])
    }
    error_message = "A task is started with this image, this log and these secrets, and no more."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.execution["migration"].policy).Statement :
      statement.Sid => jsonencode(statement.Resource) if statement.Sid == "ReadSecrets"
    } == { ReadSecrets = jsonencode([aws_rds_cluster.main.master_user_secret[0].secret_arn]) }
    error_message = "Only the migration is started with the master's secret, and with no other."
  }
  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.execution : alltrue([
        for statement in jsondecode(policy.policy).Statement :
        try(statement.Condition.StringEquals["kms:ViaService"], null) ==
        "secretsmanager.eu-west-3.amazonaws.com" if statement.Sid == "DecryptSecrets"
      ])
    ])
    error_message = "The key opens secrets that Secrets Manager hands out, and nothing else."
  }
  assert {
    condition = (
      aws_ecs_task_definition.app.execution_role_arn == aws_iam_role.execution["app"].arn &&
      aws_ecs_task_definition.migration.execution_role_arn == aws_iam_role.execution["migration"].arn &&
      { for name, policy in aws_iam_role_policy.execution : name => policy.role } ==
      { for name, role in aws_iam_role.execution : name => role.id }
    )
    error_message = "Each task is started by the role that is meant for it."
  }
  assert {
    condition = jsonencode([
      for statement in jsondecode(aws_iam_role_policy.flow.policy).Statement :
      [statement.Action, statement.Resource]
      ]) == jsonencode([[
        ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        "${aws_cloudwatch_log_group.main["flow"].arn}:*"
    ]])
    error_message = "The network's log is written to its group, and nothing else is."
  }
  assert {
    condition = !contains(
      concat(values(aws_iam_role_policy.execution), [aws_iam_role_policy.flow])[*].role,
      aws_iam_role.task.id
    )
    error_message = "The program itself may do nothing in AWS."
  }
  assert {
    condition = alltrue([
      for role in concat(values(aws_iam_role.execution), [aws_iam_role.task, aws_iam_role.flow]) :
      role.permissions_boundary == "arn:aws:iam::123456789012:policy/comments-boundary"
    ])
    error_message = "No role can be given more than bootstrap/ allows."
  }
  assert {
    condition = {
      for name, role in merge(
        { for name, role in aws_iam_role.execution : "execution-${name}" => role },
        { task = aws_iam_role.task, flow = aws_iam_role.flow }
      ) :
      name => [
        for statement in jsondecode(role.assume_role_policy).Statement :
        "${statement.Action} ${jsonencode(statement.Principal)}"
      ]
      } == {
      execution-app       = ["sts:AssumeRole {\"Service\":\"ecs-tasks.amazonaws.com\"}"]
      execution-migration = ["sts:AssumeRole {\"Service\":\"ecs-tasks.amazonaws.com\"}"]
      task                = ["sts:AssumeRole {\"Service\":\"ecs-tasks.amazonaws.com\"}"]
      flow                = ["sts:AssumeRole {\"Service\":\"vpc-flow-logs.amazonaws.com\"}"]
    }
    error_message = "A role is taken on by the one service that it is for."
  }
  assert {
    condition = alltrue(flatten([
      for role in concat(values(aws_iam_role.execution), [aws_iam_role.task, aws_iam_role.flow]) : [
        for statement in jsondecode(role.assume_role_policy).Statement :
        statement.Effect == "Allow" && statement.Condition ==
        { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      ]
    ]))
    error_message = "A service takes a role on for this account only."
  }
}
