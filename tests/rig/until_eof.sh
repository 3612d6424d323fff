# until_eof.sh COMMAND...: COMMAND, told to end (TERM, and 20 s later KILL) when this script's standard input ends,
# which it also does when the process at its other end dies in whatever way. At each line of that input COMMAND is told
# to end in the same way, and begins anew; what it started and left running stays.
exec 3<&0 </dev/null
while :; do
  "$@" 3<&- &
  command=$!
  read -r <&3 &
  line=$!
  code=0
  wait -n -p first "$command" "$line" || code=$?
  [ "$first" = "$line" ] || { kill "$line"; exit "$code"; }
  kill -TERM "$command" 2>/dev/null
  { sleep 20; kill -KILL "$command"; } 3<&- 2>/dev/null &
  late=$!
  wait "$command"
  ended=$?
  [ "$code" = 0 ] || exit "$ended"
  kill "$late"
  echo "until_eof.sh: begins anew"
done
