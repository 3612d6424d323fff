# until_eof.sh COMMAND...: COMMAND, told to end (TERM, and 20 s later KILL) when this script's standard input ends,
# which it also does when the process at its other end dies in whatever way.
exec 3<&0 </dev/null
"$@" 3<&- &
command=$!
{
  cat <&3 >/dev/null || true
  kill -TERM "$command"
  sleep 20
  kill -KILL "$command"
} 2>/dev/null &
exec 3<&-
wait "$command"
