#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What `make run` does around its examples: their order, one table at the end,
# and the verdict. The examples here are made up.
. "$(dirname "$0")/lib.sh"

mkdir -p mk examples/{tour,echo,other}
cp "$_root/mk/run.sh" mk
cp "$_root/examples/report.sh" examples
cat >mk/deps.sh <<'END'
#!/bin/sh
echo "installed: $*"
END
cat >mk/own-root.sh <<'END'
#!/bin/sh
exec "$@"
END
cat >maker <<'END'
#!/bin/sh
echo "made: $*"
[ ! -e "broken-$1" ]
END
for example in tour echo other; do
	cat >examples/$example/run.sh <<-END
	#!/bin/bash
	. examples/report.sh
	check "$example does it" yes cat said-$example
	[ ! -e ends-$example ] || exit 1
	table /dev/null
	END
done
chmod +x mk/* maker examples/*/run.sh
echo yes | tee said-tour said-other >said-echo

# run [EXAMPLE]: `make run`, as the Makefile has it; the status at the end.
run()
{
	again=$PWD/maker mk/run.sh "$@" 2>&1
	echo "status $?"
}
# order TEXT WORDS...: of lines that match, which come in which order.
order()
{
	grep -oE "$2" <<<"$1" | paste -sd ,
}

out=$(run)
is "the tour comes before anything of the machine is made" "$(order "$out" \
	'installed: .*|made: .*|(tour|echo) does it +yes$')" \
	"installed: build run,made: all,tour does it                                 yes,installed: build run machine,made: machine,echo does it                                 yes"
is "each has its verdict, and both have one" "$(order "$out" 'verdict: .*')" \
	"verdict: PASS (1 of 1),verdict: PASS (1 of 1),verdict: PASS (2 of 2)"
is "there is one table, and it is at the end" \
	"$(grep -A 9 '^check' <<<"$out" | tr -s ' ')" "check expected got 
tour: tour does it yes yes pass
echo: echo does it yes yes pass

verdict: PASS (2 of 2)
status 0"

echo no >said-tour
out=$(run)
like "a tour that fails does not hide the machine" "$out" 'echo: .* pass$'
like "the verdict says so" "$(tail -n 2 <<<"$out" | paste -sd ' ')" \
	'FAIL \(1 of 2\) status 1'
echo yes >said-tour
touch ends-echo
out=$(run)
like "an example that ends early fails" "$out" \
	'^echo +runs to its end +it did not +FAIL$'
like "... for all" "$(tail -n 2 <<<"$out" | paste -sd ' ')" \
	'FAIL \(1 of 2\) status 1'
rm ends-echo
touch broken-machine
like "so does one that cannot be built" \
	"$(run | tail -n 2 | paste -sd ' ')" 'FAIL \(1 of 2\) status 1'
rm broken-machine

out=$(run other)
is "an example by name runs alone" "$(order "$out" 'made: .*|status .*')" \
	"made: all,status 0"
like "with its own table" "$out" '^other does it +yes +yes +pass$'
is "a name that is none lists those there are" "$(run nosuch)" \
	"make run: there is no example 'nosuch'; there are: echo other tour
status 2"
is "nothing is left" "$(find build -type f 2>/dev/null)" ""
finish
