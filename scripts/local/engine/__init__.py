"""Runs a Pulumi program in process: no CLI, no provider plug-in; every resource is made through boto3.

It proves that the program's parts fit together, and builds them in emulators. It only ever creates: it is no
Pulumi provider, and says nothing of what AWS would make of an update.
"""
