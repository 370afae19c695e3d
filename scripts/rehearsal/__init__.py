"""`make rehearse`: the real engine and provider deploy a stack into the emulator of AWS, on this machine alone.

- `tools`: the Pulumi CLI and its AWS plug-in, or how to get them
- `private_copy`: the program and its stack's configuration, with the emulator's address in it
- `emulator`, `gaps`: moto's server, and what a whole deployment needs of AWS beyond it
- `account`: what the account of a stack has before its first deployment
- `stages`, `engine`: preview, up, up again, checks, destroy, through Pulumi's Automation API
- `contract`, `state_scan`: what must be true of what was deployed, and of its state
- `report`: the table
"""
