# SPDX-License-Identifier: BSD-2-Clause
#
# stack.awk: how deep can the stack get?  Input is what gcc -fcallgraph-info=su
# writes beside each object: its functions, their frames, and who calls whom.
#
#   awk -f mk/stack.awk -v roots="vswitch_run vswitch_ctl" -v limit=4096 *.ci
#
# Prints each root's depth in bytes.  What would make the sum wrong is an error:
# recursion, a frame of no fixed size, a call through a pointer, or a function
# that is in no file, but for those that match `outside`: by default the memory
# functions, which need no frame worth counting.  Calls through pointers from functions in `pointers` are taken for
# calls of nothing.

function field(line, name,    rest)
{
	rest = substr(line, index(line, name ": \"") + length(name) + 3)
	return substr(rest, 1, index(rest, "\"") - 1)
}

function wrong(text)
{
	print "stack: " text >"/dev/stderr"
	failed = 1
	return 0
}

# A function's own frame and the deepest of those it calls.
function depth(f,    n, i, list, deepest, d)
{
	if (f in known)
		return known[f]
	if (f in active)
		return wrong(f " calls itself")
	if (!(f in frame))
		return known[f] = f ~ outside ? 0 : wrong(f " is in no file")
	active[f]
	n = split(calls[f], list, "\n")
	for (i = 1; i <= n; i++) {
		if (list[i] == "")
			continue
		if (list[i] == "__indirect_call") {
			if (index(" " pointers " ", " " name(f) " ") == 0)
				wrong(f " calls through a pointer")
			continue
		}
		d = depth(list[i])
		if (d > deepest)
			deepest = d
	}
	delete active[f]
	return known[f] = frame[f] + deepest
}

# Without the file of a static function, and the suffix of a clone.
function name(f)
{
	sub(/^.*:/, "", f)
	sub(/\..*$/, "", f)
	return f
}

BEGIN {
	if (outside == "")
		outside = "^(memcpy|memset|memmove|memcmp)$"
}

/^node:/ {
	f = field($0, "title")
	if (!match($0, /[0-9]+ bytes \([a-z,]+\)/))
		next
	split(substr($0, RSTART, RLENGTH), use, " ")
	frame[f] = use[1]
	if (use[3] != "(static)")
		moving[f]
}

/^edge:/ {
	f = field($0, "sourcename")
	calls[f] = calls[f] "\n" field($0, "targetname")
}

END {
	n = split(roots, root, " ")
	for (i = 1; i <= n; i++) {
		d = depth(root[i])
		printf "  %6d bytes of stack  %s\n", d, root[i]
		if (limit && d > limit)
			wrong(root[i] " needs " d " bytes, the limit is " limit)
	}
	for (f in known)
		if (f in moving)
			wrong(f " has a frame of no fixed size")
	exit failed
}
