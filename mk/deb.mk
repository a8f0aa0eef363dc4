# SPDX-License-Identifier: BSD-2-Clause
#
# make deb: Debian packages weir, libweir-dev and weir-doc, in $(B)/deb.

deb:
	@mk/deps.sh build deb
	@mk/deb.sh $(B)/deb

.PHONY: deb
