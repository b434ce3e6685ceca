#!/bin/busybox sh
# First process of the emulated host: runs the jobs and brings what they print out over the serial line.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp TERM=dumb
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t debugfs debug /sys/kernel/debug
mount -t tmpfs tmp /tmp
cd /tscope/dist

# bring NAME FILE: the file, packed, between two lines that name it
bring() {
  echo "=== begin $1"
  gzip -c "$2" | base64
  echo "=== end $1"
}

load_kvm() {
  rmmod kvm_intel kvm irqbypass 2>/dev/null
  insmod /modules/irqbypass.ko
  insmod /modules/kvm.ko
  insmod /modules/kvm-intel.ko "$@"
}

tracing=/sys/kernel/debug/tracing
start_trace() {
  echo 0 >$tracing/tracing_on
  echo 4096 >$tracing/buffer_size_kb
  echo >$tracing/trace
  echo mono >$tracing/trace_clock
  echo apic_timer_fn >$tracing/set_ftrace_filter
  echo kvm_lapic_expired_hv_timer >>$tracing/set_ftrace_filter
  echo function >$tracing/current_tracer
  echo 1 >$tracing/tracing_on
}
stop_trace() {
  echo 0 >$tracing/tracing_on
  grep -v '^#' $tracing/trace >"$1"
  echo nop >$tracing/current_tracer
  echo >$tracing/set_ftrace_filter
}

# job NAME TRACED MODULE ARGUMENT...: runs tscope and brings its document, its messages and its exit code
job() {
  name=$1 traced=$2
  shift 2
  [ "$traced" = traced ] && start_trace
  /bin/node "$@" >/tmp/out 2>/tmp/err
  echo "=== exit $name $?"
  [ "$traced" = traced ] && stop_trace /tmp/trace && bring "$name.trace" /tmp/trace
  bring "$name.json" /tmp/out
  bring "$name.err" /tmp/err
}

echo '=== up'
load_kvm
. /jobs.sh
# The line is slow, and what it has not sent is lost with the power.
echo "=== done"
sleep 10
poweroff -f
