"""Building, pushing and copying the services' images; `python -m scripts.build_and_push` is the command.

- `settings`: what a stack's file says about images
- `registry`: a repository of images, over the registries' HTTP API
- `login`: the way into ECR
- `engine`: what the docker command is asked to do
- `delivery`: all images at once
- `progress`: what people see meanwhile
"""
