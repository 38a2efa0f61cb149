locals {
  # No role that the pipeline makes can ever do more than bootstrap/ allows there.
  boundary = "arn:aws:iam::${local.account_id}:policy/${var.component}-boundary"

  assume = { for service in ["ecs-tasks", "vpc-flow-logs"] : service => jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "${service}.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  }) }

  # ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@DIGEST
  image = regex(
    "^(?P<account>[0-9]+)\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.amazonaws\\.com/(?P<name>.+)@",
    var.release.image
  )
  repository_arn = join(":", [
    "arn:aws:ecr", local.image.region, local.image.account, "repository/${local.image.name}",
  ])

  master_secret_arn = aws_rds_cluster.main.master_user_secret[0].secret_arn

  # Which container gets which secrets.
  readable_secrets = {
    app       = values(local.secret_arns)
    migration = [local.master_secret_arn]
  }
}

# What ECS itself may do to start a task.
resource "aws_iam_role" "execution" {
  for_each = local.readable_secrets

  name                 = "${local.name}-execution-${each.key}"
  assume_role_policy   = local.assume["ecs-tasks"]
  permissions_boundary = local.boundary
}

resource "aws_iam_role_policy" "execution" {
  for_each = local.readable_secrets

  name = "start-tasks"
  role = aws_iam_role.execution[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "LogIn"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = local.pull_actions
        Resource = local.repository_arn
      },
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.main["app"].arn}:*"
      },
      {
        Sid      = "ReadSecrets"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = each.value
      },
      {
        Sid      = "DecryptSecrets"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = aws_kms_key.main.arn
        Condition = { StringEquals = {
          "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com"
        } }
      },
    ]
  })
}

# What the program itself may do in AWS: nothing.
resource "aws_iam_role" "task" {
  name                 = "${local.name}-task"
  assume_role_policy   = local.assume["ecs-tasks"]
  permissions_boundary = local.boundary
}

resource "aws_iam_role" "flow" {
  name                 = "${local.name}-flow-logs"
  assume_role_policy   = local.assume["vpc-flow-logs"]
  permissions_boundary = local.boundary
}

resource "aws_iam_role_policy" "flow" {
  name = "write-flow-logs"
  role = aws_iam_role.flow.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.main["flow"].arn}:*"
    }]
  })
}
