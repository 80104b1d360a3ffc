package machine

import "strings"

// The files of a service. NAME, DIR and ADDR stand for its own.

const unitText = `# Majestic's service NAME.
# instance: DIR
# sum: 
# Change it by: systemctl edit NAME. Setup leaves a unit alone whose text was changed.

[Unit]
Description=Majestic in DIR
Wants=network-online.target
After=network-online.target postgresql.service
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
User=NAME
Group=NAME
UMask=0027
WorkingDirectory=DIR
ExecStart=DIR/current/app serve --dir DIR
ExecReload=DIR/current/app upgrade --dir DIR
# Finishes running jobs, however long they take; NAME stop --now cuts them, to go on at the next start.
ExecStop=DIR/current/app stop --dir DIR
# Older releases finish their jobs when the main process has crashed; ExecStop ends them all.
KillMode=process
Restart=always
RestartSec=100ms
TimeoutStartSec=5min
TimeoutStopSec=90
TimeoutAbortSec=5
WatchdogSec=1min
# The listening socket is kept here: who comes during a restart waits.
FileDescriptorStoreMax=8
# A Chromium that the kernel kills for its memory is replaced.
OOMPolicy=continue
LimitNOFILE=65536

# As closed as Chromium's own sandbox allows.
ReadWritePaths=DIR
ProtectSystem=strict
ProtectHome=yes
# Not PrivateTmp: at a restart it is removed under the feet of an older release that lives on.
TemporaryFileSystem=/tmp:mode=1777 /var/tmp:mode=1777
PrivateDevices=yes
ProtectProc=invisible
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictNamespaces=user pid net
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service chroot
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`

const commandText = `#!/bin/sh
# Majestic's command NAME.
# instance: DIR
app=DIR/current/app
[ -x "$app" ] || { echo "NAME: the instance is root's and its own: run it with sudo" >&2; exit 1; }
exec "$app" --dir DIR "$@"
`

const settingsText = `# Settings of the instance NAME. After a change: systemctl reload NAME

listen_addr = "ADDR"

# The address that people use, and the proxies whose X-Forwarded-* is believed.
#base_url = "https://design.example.com"
trusted_proxies = ["127.0.0.1", "::1"]

# Without it the instance has a PostgreSQL of its own.
#database_url = "postgres://user:password@host/database"
`

const nginxText = `# Majestic's instance NAME: in a server block, say: include snippets/NAME.conf;
# instance: DIR

client_max_body_size 64m;

location / {
	proxy_pass http://ADDR;
	proxy_http_version 1.1;
	proxy_set_header Connection "";
	proxy_set_header Host $host;
	proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
	proxy_set_header X-Forwarded-Proto $scheme;
	# Uploads and streams as they come; an answer may take as long as its picture.
	proxy_request_buffering off;
	proxy_read_timeout 1h;
}
`

const needrestartText = `# Majestic's service NAME restarts by its own rules: NAME upgrade
# instance: DIR
$nrconf{override_rc}{qr(^NAME\.service$)} = 0;
`

func (v *service) fill(text string) string {
	return strings.NewReplacer("NAME", v.name, "DIR", v.dir, "ADDR", v.address()).Replace(text)
}

// unit is the unit as setup would write it.
func (v *service) unit() string { return summed(v.fill(unitText)) }

// next is what is left for the person to do.
func (v *service) next() string {
	return v.fill(`
Start it:           systemctl start NAME
Its first account:  the link in journalctl -u NAME
Its settings:       DIR/app.toml, then systemctl reload NAME
In front of it:     nginx, by include snippets/NAME.conf; it serves http://ADDR
A new release:      NAME upgrade ./app-v2
`)
}

const restoredText = `
It serves http://ADDR, and is muted: no mails, no webhooks, no deletions, until: NAME unmute
In front of it:     nginx, by include snippets/NAME.conf
`
