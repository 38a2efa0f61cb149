# What staging is. Without a domain it answers by plain HTTP on the load balancer's own name, and its
# tokens cross the internet in clear; give it one, as in production.tfvars, as soon as you have one.
environment        = "staging"
scale              = { min = 1, max = 2 }
database           = { min_acu = 0, max_acu = 2, instances = 1, backup_days = 1 }
log_retention_days = 30
