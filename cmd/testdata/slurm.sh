#!/bin/sh
# Runs a command on a Slurm of one node that lives as long as the command:
#
#	sh slurm.sh FOLDER COMMAND…
#
# FOLDER takes its settings and state. Exit code 77 says that Slurm cannot run here, and standard error why.
set -eu
folder=$1
shift

cannot() {
	echo "no Slurm: $1" >&2
	exit 77
}
for program in slurmctld slurmd sbatch squeue scontrol; do
	command -v $program >/dev/null || cannot "$program is not installed (slurm-wlm)"
done
[ "$(id -u)" = 0 ] || cannot "its daemons need root"

mkdir -p "$folder/state" "$folder/spool"
port=$((20000 + $$ % 20000))
cat >"$folder/slurm.conf" <<END
ClusterName=one
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmUser=root
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
NodeName=$(hostname) NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF="$folder/slurm.conf"

slurmctld -D >"$folder/slurmctld.out" 2>&1 &
controller=$!
slurmd -D >"$folder/slurmd.out" 2>&1 &
daemon=$!
trap 'kill $daemon $controller 2>/dev/null; wait' EXIT
trap 'exit 1' INT TERM

tries=0
until [ "$(sinfo --noheader --format %t 2>/dev/null)" = idle ]; do
	tries=$((tries + 1))
	if [ $tries -gt 100 ] || ! kill -0 $controller 2>/dev/null || ! kill -0 $daemon 2>/dev/null; then
		cannot "$(tail -q -n 3 "$folder"/*.out "$folder"/*.log 2>/dev/null | tr '\n' ' ')"
	fi
	sleep 0.1
done
"$@"
