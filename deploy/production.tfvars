# What production is: your domain, the id of its hosted zone, and who is told of alarms.
environment = "production"
domain      = { name = "comments.example.com", zone_id = "Z0123456789ABCDEFGHIJ" }
alarm_email = "alarms@example.com"
