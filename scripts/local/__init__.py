"""The whole platform on one machine, from the very program that deploys it. What is where:

- `cli`, `terminal`: the commands and what they show; `detach`, `supervise`: `up` in the background, or here
- `supervisor`, `parts`: start the parts, keep them running, end them; `registry`, `lock`: nothing is left behind
- `infrastructure`: the servers that stand in for AWS, in `postgres*`, `cognito*` and `control_plane*`
- `program_client`, `program_process`, `program_run`: a short-lived process that runs the program through `engine`,
  which has a row for each type of resource
- `blueprint`, `tasks`: what that run left in the emulators, services to start and rules to route by
- `deployed_pool`, `pool_access`: `--cognito STACK`, the user pool of a deployed stack instead of the emulator's
- `front_door`, `routing`: the load balancer's stand-in, one origin for the browser
- `containers`: `--docker`, containers instead of processes; `publishing`, `image_registry`: where their images are
- `state`, `ports`, `logs`, `report`: what is kept, chosen, written and told
"""
