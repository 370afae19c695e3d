"""The whole platform on one machine, from the very program that deploys it.

cli, start          the commands; `up` here or detached
supervisor, parts   starts the parts, keeps them running, ends them; registry, lock: nothing is left behind
infrastructure      postgres, cognito, control_plane: the servers that stand in for AWS
provision(ing)      a process that runs the program through `engine`, one row for each type of resource
blueprint, tasks    what that run left in the emulators: services to start, rules to route by
front_door, routing the load balancer's stand-in: one origin
containers          `--docker`: containers instead of processes
state, ports, logs, report
"""
