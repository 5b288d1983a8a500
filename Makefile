# What people expect of a Unix daemon. Everything is built by cargo; nothing but a Rust toolchain is needed.
#
#   make                     builds the programs
#   make demo                shows a pair failing over on this machine (root; ARGS=--step waits between the steps)
#   make test                runs every test; installs what it needs, as root on Debian
#   make test-kernel         runs what needs a kernel with IPVS, VRF and ipvlan (root); RUNNER="machine --" runs it elsewhere
#   make lint                format, lints, documentation
#   make install             installs them: PREFIX, SYSCONFDIR and DESTDIR as everywhere
#   make uninstall           removes what install put, but not the configuration

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
SBINDIR ?= $(PREFIX)/sbin
BINDIR ?= $(PREFIX)/bin
DOCDIR ?= $(PREFIX)/share/doc/standfast
UNITDIR ?= $(PREFIX)/lib/systemd/system
MANDIR ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
DESTDIR ?=

CARGO ?= cargo
RUNNER ?=
INSTALL ?= install
TARGET := $(or $(CARGO_TARGET_DIR),target)
RELEASE := $(TARGET)/release
PAPERS := $(wildcard README.md COMPATIBILITY.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE)

.PHONY: all demo test test-kernel lint install uninstall clean

all:
	$(CARGO) build --release --locked --bins

# Built by whoever ran make before, so that installing as root needs no cargo.
$(RELEASE)/keepalived $(RELEASE)/standfast:
	$(CARGO) build --release --locked --bins

# The build that the tests use too: it is there in a quarter of the time, and no slower where the demo looks.
demo:
	$(CARGO) build --locked --bins
	$(TARGET)/debug/standfast demo $(ARGS)

test:
	scripts/test

# What `make test` ignores. RUNNER is put before each test program, as a command that runs another on a machine whose kernel
# has what they need and which is there for these tests alone.
test-kernel:
	$(if $(RUNNER),STANDFAST_OWN_MACHINE=1) $(CARGO) test -p standfast-linux -p standfast-daemon --lib --test process --test interop --locked \
		$(if $(RUNNER),--config "target.'cfg(all())'.runner='$(RUNNER)'") -- --ignored

lint:
	scripts/lint

install: $(RELEASE)/keepalived $(RELEASE)/standfast
	$(INSTALL) -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(BINDIR) $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSCONFDIR)/keepalived
	$(INSTALL) -d $(DESTDIR)$(DOCDIR)/examples/pair
	$(INSTALL) -m 755 $(RELEASE)/keepalived $(DESTDIR)$(SBINDIR)/keepalived
	$(INSTALL) -m 755 $(RELEASE)/standfast $(DESTDIR)$(BINDIR)/standfast
	sed -e 's|@SBINDIR@|$(SBINDIR)|g' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' packaging/keepalived.service.in \
		> $(DESTDIR)$(UNITDIR)/keepalived.service
	chmod 644 $(DESTDIR)$(UNITDIR)/keepalived.service
	$(INSTALL) -m 644 examples/pair/a.conf $(DESTDIR)$(SYSCONFDIR)/keepalived/keepalived.conf.sample
	$(INSTALL) -m 644 examples/pair/a.conf examples/pair/b.conf $(DESTDIR)$(DOCDIR)/examples/pair
	$(INSTALL) -d $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(BASHDIR) $(DESTDIR)$(FISHDIR) $(DESTDIR)$(ZSHDIR)
	$(INSTALL) -m 644 packaging/keepalived.conf.5 $(DESTDIR)$(MANDIR)/man5/keepalived.conf.5
	$(INSTALL) -m 644 packaging/completions/standfast.bash $(DESTDIR)$(BASHDIR)/standfast
	$(INSTALL) -m 644 packaging/completions/standfast.fish $(DESTDIR)$(FISHDIR)/standfast.fish
	$(INSTALL) -m 644 packaging/completions/_standfast $(DESTDIR)$(ZSHDIR)/_standfast
	if [ -n "$(PAPERS)" ]; then $(INSTALL) -m 644 $(PAPERS) $(DESTDIR)$(DOCDIR); fi

uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/keepalived $(DESTDIR)$(BINDIR)/standfast $(DESTDIR)$(UNITDIR)/keepalived.service
	rm -f $(DESTDIR)$(SYSCONFDIR)/keepalived/keepalived.conf.sample
	rm -f $(DESTDIR)$(MANDIR)/man5/keepalived.conf.5 $(DESTDIR)$(BASHDIR)/standfast
	rm -f $(DESTDIR)$(FISHDIR)/standfast.fish $(DESTDIR)$(ZSHDIR)/_standfast
	rm -rf $(DESTDIR)$(DOCDIR)

clean:
	$(CARGO) clean
