# SPDX-License-Identifier: BSD-2-Clause
#
# plot.awk: the medians full.sh prints, as an SVG: a bar for each switch, frames
# of 64 and of 1500 bytes, CPUs near one another.
#
# Lines are NAME LENGTH near|far MPPS LEAST MOST SLICES.

$3 == "near" && !($1 in seen) { seen[$1] = ++names; name[names] = $1 }
$3 == "near" {
	rate[$1, $2] = $4
	least[$1, $2] = $5
	most[$1, $2] = $6
	if ($6 > top[$2])
		top[$2] = $6
}

function panel(length_, x,    i, n, y, w, scale) {
	printf "<text x='%d' y='44' font-weight='bold'>%s bytes, Mpps</text>\n",
		x, length_
	scale = top[length_] > 0 ? 250 / top[length_] : 0
	for (i = 1; i <= names; i++) {
		n = name[i]
		if (!((n, length_) in rate))
			continue
		y = 40 + i * 26
		w = rate[n, length_] * scale
		printf "<text x='%d' y='%d' text-anchor='end'>%s</text>\n",
			x + 72, y + 13, n
		printf "<rect x='%d' y='%d' width='%.1f' height='17' fill='%s'/>\n",
			x + 80, y, w, n == "weir" ? "#c0392b" : "#95a5a6"
		printf "<line x1='%.1f' x2='%.1f' y1='%d' y2='%d' stroke='#2c3e50'/>\n",
			x + 80 + least[n, length_] * scale,
			x + 80 + most[n, length_] * scale, y + 8, y + 8
		printf "<text x='%.1f' y='%d'>%.1f</text>\n",
			x + 86 + most[n, length_] * scale, y + 13,
			rate[n, length_]
	}
}

END {
	height = 70 + names * 26
	printf "<svg xmlns='http://www.w3.org/2000/svg' width='820' height='%d' " \
		"font-family='sans-serif' font-size='13'>\n", height
	print "<rect width='100%' height='100%' fill='white'/>"
	print "<text x='10' y='20'>Frames through a switch, one way: median, " \
		"and least to most of all slices</text>"
	panel(64, 10)
	panel(1500, 420)
	print "</svg>"
}
