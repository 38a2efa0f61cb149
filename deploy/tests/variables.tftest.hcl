# Every variable refuses what it should. Each run sets bad values of many variables at once, and each
# of those has to be refused; what a run does not set is as in production.auto.tfvars.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "first_bad_values" {
  command = plan

  variables {
    component          = ""                           # empty
    region             = "eu-west-3a"                 # a zone
    architecture       = "arm64"                      # in small letters
    vpc_cidr           = "10.40.0.0"                  # no range
    az_count           = 1                            # too few
    log_retention_days = 100                          # not offered
    alarm_email        = null                         # production tells somebody
    write_rate_limit   = 9                            # below the least
    task               = { cpu = 256, memory = 4096 } # too much memory
    scale              = { min = 0 }                  # none
    database           = { min_acu = -0.5 }           # negative
    domain             = null                         # production has one
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments:latest" # a tag
      version     = "1.2.3"
      responsible = "octocat"
    }
  }

  expect_failures = [
    var.component,
    var.region,
    var.architecture,
    var.vpc_cidr,
    var.az_count,
    var.log_retention_days,
    var.alarm_email,
    var.write_rate_limit,
    var.task,
    var.scale,
    var.database,
    var.domain,
    var.release,
  ]
}

run "second_bad_values" {
  command = plan

  variables {
    component          = "Comments"                                                # a capital
    region             = ""                                                        # empty
    architecture       = "RISCV"                                                   # not offered
    vpc_cidr           = "10.40.0.0/21"                                            # too narrow
    az_count           = 4                                                         # too many
    log_retention_days = 0                                                         # for ever
    alarm_email        = "alarms"                                                  # no address
    write_rate_limit   = 100001                                                    # over the most
    task               = { cpu = 300, memory = 512 }                               # no such processor
    scale              = { min = 1 }                                               # one, in production
    database           = { min_acu = 0, max_acu = 0.5 }                            # too small
    domain             = { name = "https://comments.example.com", zone_id = "Z1" } # a URL
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments" # no version
      version     = "1.2.3"
      responsible = "octocat"
    }
  }

  expect_failures = [
    var.component,
    var.region,
    var.architecture,
    var.vpc_cidr,
    var.az_count,
    var.log_retention_days,
    var.alarm_email,
    var.write_rate_limit,
    var.task,
    var.scale,
    var.database,
    var.domain,
    var.release,
  ]
}

run "third_bad_values" {
  command = plan

  variables {
    component          = "my_comments"                          # an underscore
    region             = "Paris"                                # a word
    vpc_cidr           = "10.0.0.0/15"                          # too wide
    az_count           = 2.5                                    # half a zone
    log_retention_days = 90                                     # too short for production
    alarm_email        = "a@example.com, b@example.com"         # two
    write_rate_limit   = 10.5                                   # half a request
    task               = { cpu = 512, memory = 1500 }           # between two sizes
    scale              = { min = 7, max = 6 }                   # floor over ceiling
    database           = { min_acu = 8, max_acu = 4 }           # floor over ceiling
    domain             = { name = "localhost", zone_id = "Z1" } # one word
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments:1.2.3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" # a tag, too
      version     = "1.2.3"
      responsible = "octocat"
    }
  }

  expect_failures = [
    var.component,
    var.region,
    var.vpc_cidr,
    var.az_count,
    var.log_retention_days,
    var.alarm_email,
    var.write_rate_limit,
    var.task,
    var.scale,
    var.database,
    var.domain,
    var.release,
  ]
}

run "fourth_bad_values" {
  command = plan

  variables {
    component = "1comments"                                       # a digit first
    vpc_cidr  = "172.17.0.0/16"                                   # Docker's
    task      = { port = 80 }                                     # root's
    scale     = { min = 2.5 }                                     # half a task
    database  = { max_acu = 256.5 }                               # too large
    domain    = { name = "Comments.example.com", zone_id = "Z1" } # a capital
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde" # 63 digits
      version     = "1.2.3"
      responsible = "octocat"
    }
  }

  expect_failures = [
    var.component,
    var.vpc_cidr,
    var.task,
    var.scale,
    var.database,
    var.domain,
    var.release,
  ]
}

run "fifth_bad_values" {
  command = plan

  variables {
    component = "my--comments"                             # two hyphens
    vpc_cidr  = "172.17.16.0/20"                           # within Docker's
    task      = { port = 65536 }                           # no port
    scale     = { max = 101 }                              # too many
    database  = { min_acu = 0.7 }                          # between steps
    domain    = { name = "*.example.com", zone_id = "Z1" } # a wildcard
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" # in capitals
      version     = "1.2.3"
      responsible = "octocat"
    }
  }

  expect_failures = [
    var.component,
    var.vpc_cidr,
    var.task,
    var.scale,
    var.database,
    var.domain,
    var.release,
  ]
}

run "sixth_bad_values" {
  command = plan

  variables {
    component = "comments-"                                                # a hyphen last
    vpc_cidr  = "8.8.0.0/16"                                               # public
    scale     = { cpu_percent = 9 }                                        # idle
    database  = { instances = 1 }                                          # one, in production
    domain    = { name = "comments.example.com", zone_id = "example.com" } # a zone by its name
    release = {
      image       = "docker.io/library/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" # not of ECR
      version     = "1.2.3"
      responsible = "octocat"
    }
  }

  expect_failures = [
    var.component,
    var.vpc_cidr,
    var.scale,
    var.database,
    var.domain,
    var.release,
  ]
}

run "seventh_bad_values" {
  command = plan

  variables {
    component = "c"                                             # too short
    vpc_cidr  = "10.40.1.0/16"                                  # not its first address
    scale     = { cpu_percent = 91 }                            # too late
    database  = { instances = 16 }                              # too many
    domain    = { name = "comments.example.com", zone_id = "" } # no zone
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      version     = "latest" # a word
      responsible = "octocat"
    }
  }

  expect_failures = [
    var.component,
    var.vpc_cidr,
    var.scale,
    var.database,
    var.domain,
    var.release,
  ]
}

run "eighth_bad_values" {
  command = plan

  variables {
    component = "abcdefghijklmnopqrstu"     # 21 letters
    vpc_cidr  = "fd00::/16"                 # IPv6
    scale     = { requests_per_target = 0 } # no requests
    database  = { backup_days = 6 }         # too short for production
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      version     = "v1.2.3" # a letter
      responsible = "octocat"
    }
  }

  expect_failures = [
    var.component,
    var.vpc_cidr,
    var.scale,
    var.database,
    var.release,
  ]
}

run "ninth_bad_values" {
  command = plan

  variables {
    component = "internal-comments"  # no load balancer may be called so
    vpc_cidr  = "all"                # a word
    database  = { backup_days = 36 } # too long
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      version     = "1.2" # two numbers
      responsible = "octocat"
    }
  }

  expect_failures = [var.component, var.vpc_cidr, var.database, var.release]
}

run "tenth_bad_values" {
  command = plan

  variables {
    component = "aws-comments"              # no secret may be called so
    database  = { engine_version = "14.9" } # too old
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      version     = "01.2.3" # a zero first
      responsible = "octocat"
    }
  }

  expect_failures = [var.component, var.database, var.release]
}

run "eleventh_bad_values" {
  command = plan

  variables {
    database = { engine_version = "17" } # which 17?
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      version     = "1.2.3+abc" # too short a commit
      responsible = "octocat"
    }
  }

  expect_failures = [var.database, var.release]
}

run "twelfth_bad_values" {
  command = plan

  variables {
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      version     = "1.2.3"
      responsible = "" # nobody
    }
  }

  expect_failures = [var.release]
}

run "thirteenth_bad_values" {
  command = plan

  variables {
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      version     = "1.2.3"
      responsible = "  " # blank
    }
  }

  expect_failures = [var.release]
}

run "fourteenth_bad_values" {
  command = plan

  variables {
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      version     = "1.2.3"
      responsible = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" # too long
    }
  }

  expect_failures = [var.release]
}

run "environment_unknown" {
  command = plan

  variables {
    environment = "test"
  }

  expect_failures = [var.environment]
}

run "environment_a_capital" {
  command = plan

  variables {
    environment = "Production"
  }

  expect_failures = [var.environment]
}

run "environment_empty" {
  command = plan

  variables {
    environment = ""
  }

  expect_failures = [var.environment]
}

run "limits_are_inside" {
  command = plan

  variables {
    component          = "ab-cdefghij-klmno123" # 20
    vpc_cidr           = "192.168.0.0/20"
    az_count           = 3
    log_retention_days = 3653
    write_rate_limit   = 10
    task               = { cpu = 4096, memory = 30720, port = 65535 }
    scale              = { min = 2, max = 100, cpu_percent = 90, requests_per_target = 1 }
    database           = { min_acu = 256, max_acu = 256, instances = 15, backup_days = 35 }
    release = {
      image       = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/comments@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
      version     = "0.0.0"
      responsible = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    }
  }

  assert {
    condition     = aws_lb.main.name == "ab-cdefghij-klmno123-production" && length(aws_lb.main.name) <= 32
    error_message = "The longest component still gives names that AWS takes."
  }
}

run "staging_has_floors_too" {
  command = plan

  variables {
    environment = "staging"
    scale       = { min = 0 }
    database    = { instances = 0 }
  }

  expect_failures = [var.scale, var.database]
}

run "staging_keeps_backups_too" {
  command = plan

  variables {
    environment = "staging"
    scale       = { min = 1.5 }
    database    = { backup_days = 0 }
  }

  expect_failures = [var.scale, var.database]
}
