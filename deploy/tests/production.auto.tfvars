environment = "production"
domain      = { name = "comments.example.com", zone_id = "Z0123456789" }
alarm_email = "alarms@example.com"
release = {
  image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  version     = "1.2.3+abcdef0"
  responsible = "octocat[bot]"
}
