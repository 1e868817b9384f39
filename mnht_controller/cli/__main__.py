# SPDX-License-Identifier: Apache-2.0
"""`python -m mnht_controller.cli`: the command `mnht` where it is not on the path."""

from mnht_controller.cli.main import main

main()
