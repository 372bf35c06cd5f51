# make            builds the programs into .build/release
# make demo       shows the main job on this machine, start to end
# make check      passes the tests of values and files, in seconds: they start no program of ours
# make test       passes all tests, see Tests/README.md
# make lint       holds the Swift sources against the format, texts against Swift's equality, suites against one name
# make check-all  also those that need root and large packages: the .deb in a fresh Debian, ...
# make doors      has a dozen mail libraries of other languages send through outspool-smtpd and sendmail -bs
# make test-clients  has the producer of each language judge the table of jobs, and each framework send by its adapter
# make storm      does ten thousand random mv, touch and rm to a spool while mail flows
# make bench      measures beside the peers, in turns, and prints ratios; a quarter of an hour or two;
#                 BENCH='--only drain,latency --json FILE' and more, see Tests/Benchmarks/run --help
# make workers    kills workers and their parent, changes their number, and counts what all may do together
# make crash      kills the programs at every system call that touches the spool, and makes each fail
# make powercut   cuts the power under load, on ext4, XFS and btrfs; needs root
# make fuzz       throws made-up inputs at all that reads what others wrote; SECONDS=20 for each target
# make sanitize   passes the tests under AddressSanitizer, programs and all; SANITIZER=thread
# make soak       runs everything at once for MINUTES=5, and accounts for every job
# make mutations  breaks the programs on purpose, to see that the proofs notice; needs root
# make faults     lets a relay fail at every point of a session in every way, and answer in every wrong order
# make tasks      runs 1,000 tasks among 10,000 mails, and kills daemon and programs at random
# make transfer   empties spools into each other, killed at random and at every system call
# make hostile    has another user attack the daemon through a drop box; needs root
#                 WORKERS=3 gives the daemons of crash, powercut, soak, storm, faults, tasks and hostile three workers
# make engines    runs outspool pump against real servers on three nodes, and kills all of them; ENGINES='--only redis'
# make clients    builds the packages of the clients in .build/clients: a wheel, a gem, a jar, ...
# make install    puts programs, manuals, completion, units and configuration below PREFIX and
#                 sysconfdir, after make; DESTDIR goes before both; uninstall takes them away
# make deb        makes the Debian packages in .build/deb
# All but install and uninstall install the Debian packages they need when run as root.

SWIFT = swift
RELEASE = .build/release
VERSION := $(shell cut -s -d '"' -f 2 Sources/Text/Version.swift)

PREFIX = /usr/local
sysconfdir = /etc
bindir = $(PREFIX)/bin
libexecdir = $(PREFIX)/lib/outspool
mandir = $(PREFIX)/share/man
docdir = $(PREFIX)/share/doc/outspool
unitdir = $(PREFIX)/lib/systemd/system
sysusersdir = $(PREFIX)/lib/sysusers.d
tmpfilesdir = $(PREFIX)/lib/tmpfiles.d
bashdir = $(PREFIX)/share/bash-completion/completions
zshdir = $(PREFIX)/share/zsh/site-functions
export PREFIX sysconfdir bindir libexecdir mandir docdir unitdir sysusersdir tmpfilesdir bashdir zshdir

build: packages-build
	$(SWIFT) build -c release

demo: build
	docs/demo.sh $(RELEASE)

# How many processes of a daemon deliver, in the proofs.
WORKERS = 1

# The targets and suites that start our programs, or compute for seconds: CONTRIBUTING.md has the rule for their names.
SLOW = ^(Command|DoorProgram|Program|RelayServer|SinkProgram)Tests\.|(Cost|Judge|ProgramRun)Tests/

# One test after the other, so that the time of each is its own.
check: packages-build
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --no-parallel --skip '$(SLOW)'

test: packages-test check
	Tests/run --filter '$(SLOW)'
	Tests/Proof/fuzz.py --runs 5000 --jobs 2 --optional

lint:
	$(SWIFT) format lint --strict --recursive --parallel --configuration .ci/swift-format.json Package.swift Sources Tests
	.ci/exact
	.ci/words
	! grep -rhoE '^struct [A-Za-z]+Tests\b' Tests | sort | uniq -d | grep .

format:
	$(SWIFT) format --in-place --recursive --parallel --configuration .ci/swift-format.json Package.swift Sources Tests

check-all: packages-check-all test doors test-clients
	$(SWIFT) build -c release
	Tests/Packaging/run $(RELEASE)
	$(MAKE) engines ENGINES='--messages 2000 --seconds 10 --commits 100'

doors: packages-doors
	$(SWIFT) build -c release
	Tests/Doors/run $(RELEASE)

test-clients: packages-clients
	$(SWIFT) build -c release
	Tests/Clients/run $(RELEASE)
	Tests/Clients/adapters $(RELEASE)
	Tests/Clients/packages $(RELEASE)

storm: packages-test
	$(SWIFT) build --build-tests
	OUTSPOOL_STORM=10000 OUTSPOOL_TEST_WORKERS=$(WORKERS) $(SWIFT) test --skip-build --filter ProgramTests.StormTests

SECONDS = 20
fuzz: packages-fuzz
	Tests/Proof/fuzz.py --seconds $(SECONDS)

# Left out is what looks at the programs through strace or faketime, or at how they are linked. ThreadSanitizer makes a
# fork(2) of vfork(2), so that the parent does not wait for execve(2) and does not learn of its error, and it wants more
# memory than a task may have.
SANITIZER = address
UNSANITIZED = ProgramTests.(JumpingClock|Expiry|Unwatched|CrashProof|FaultProof|Types)Tests|CommandTests.(Order|Setup)Tests
UNSANITIZED_thread = |ProgramRunTests/(missing|limits)|TaskTests/(blocked|sample)|NoticeTests/fails
SANITIZED = OUTSPOOL_SANITIZE=1 ASAN_OPTIONS=detect_leaks=0
SANITIZE = --sanitize $(SANITIZER) -Xswiftc -use-ld=lld --scratch-path .build/sanitize-$(SANITIZER)
sanitize: packages-test
	$(SANITIZED) $(SWIFT) build --build-tests $(SANITIZE)
	$(SANITIZED) $(SWIFT) test --skip-build $(SANITIZE) --no-parallel \
		--skip '$(SLOW)|$(UNSANITIZED)$(UNSANITIZED_$(SANITIZER))'
	$(SANITIZED) $(SWIFT) test --skip-build $(SANITIZE) --filter '$(SLOW)' \
		--skip '$(UNSANITIZED)$(UNSANITIZED_$(SANITIZER))'

MINUTES = 5
soak: packages-soak
	$(SWIFT) build -c release
	Tests/Proof/soak.py $(RELEASE) --minutes $(MINUTES) --workers $(WORKERS)

BENCH = --json .build/bench.json --plot .build/bench.svg
bench: packages-bench
	$(SWIFT) build -c release
	Tests/Benchmarks/run $(RELEASE) $(BENCH)

crash: packages-proof
	$(SWIFT) build -c release
	Tests/Proof/crash.py $(RELEASE) --workers $(WORKERS)
	Tests/Proof/doors.py $(RELEASE) crash

powercut: packages-proof
	$(SWIFT) build -c release
	Tests/Proof/powercut.py $(RELEASE) --workers $(WORKERS)

mutations: packages-proof
	Tests/Proof/mutations/run

faults: packages-proof
	$(SWIFT) build -c release
	Tests/Proof/faults.py $(RELEASE) --workers $(WORKERS)
	Tests/Proof/orders.py $(RELEASE) --workers $(WORKERS)
	Tests/Proof/senders.py $(RELEASE) --seconds 10 --workers $(WORKERS)
	Tests/Proof/limits.py $(RELEASE) --workers $(WORKERS)

# What Debian has not comes from PyPI, into a place of its own; without a network those engines are left out.
ENGINES = --commits 1000
engines: packages-engines
	$(SWIFT) build -c release
	python3 -m venv .build/engines-venv
	.build/engines-venv/bin/pip install --quiet nats-py 'moto[server]' || true
	Tests/Engines/run $(RELEASE) $(ENGINES)

tasks: packages-proof
	$(SWIFT) build -c release
	Tests/Proof/tasks.py $(RELEASE) --most 2 --workers $(WORKERS)

transfer: packages-proof
	$(SWIFT) build -c release
	Tests/Proof/transfer.py $(RELEASE)

hostile: packages-proof
	$(SWIFT) build -c release
	Tests/Proof/hostile.py $(RELEASE) --workers $(WORKERS)
	Tests/Proof/doors.py $(RELEASE) hostile

workers: packages-proof
	$(SWIFT) build -c release
	Tests/Proof/workers.py $(RELEASE)

# install-mta makes this machine's sendmail, mailq and newaliases ours.
install uninstall install-mta uninstall-mta:
	@etc/install $@ $(RELEASE)

deb: packages-deb
	$(SWIFT) build -c release
	etc/debian/build $(RELEASE) .build/deb $(VERSION)

clients: packages-clients
	$(SWIFT) build -c release --product outspool
	etc/clients/build $(RELEASE) .build/clients $(VERSION)

version:
	@echo $(VERSION)

packages-%:
	@.ci/packages $*

clean:
	rm -rf .build

.PHONY: build demo check test lint format check-all doors test-clients storm bench crash powercut fuzz sanitize soak mutations faults tasks transfer hostile workers install engines uninstall install-mta uninstall-mta deb clients version clean
