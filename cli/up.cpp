// SPDX-License-Identifier: Apache-2.0
// The mesh on this machine: controller and proxy in one process, with a directory as the cluster.
//
// The main thread follows the directory and applies; the proxy has threads of its own; one thread
// waits for signals. A broken edit, an image that does not load, an address that cannot be bound:
// each is told, and what was served before is still served.
#include <pthread.h>

#include <csignal>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <thread>

#include "base/command_line.h"
#include "cli/free_addresses.h"
#include "cli/input.h"
#include "cli/up_report.h"
#include "controller/controller.h"
#include "runtime/dns/dns.h"
#include "runtime/proxy/proxy.h"

namespace smic::cli {
namespace {

constexpr std::chrono::milliseconds kDrainDeadline{10'000};
constexpr unsigned kMostWorkers = 1024;

struct Options {
  CompileOptions compile;
  proxy::Options proxy;
  program::Engine engine = program::Engine::native;
  std::string dns_address;
  std::vector<std::string> mesh_zones{"mesh"};
};

Syntax syntax_of(Options& options) {
  Syntax syntax;
  syntax.command = "smic up";
  syntax.operands = "DIR";
  syntax.least = syntax.most = 1;
  syntax.about =
      "Runs the mesh of a directory of manifests on this machine. Each meshed Service gets a "
      "loopback\n"
      "address, on the Service's own ports; a client that binds the address of a Pod is that Pod.\n"
      "Every save takes effect at once and loses no request. An edit with a new error is reported\n"
      "and the last good version goes on. Ctrl-C finishes what is in flight.";
  syntax.options = {
      text("--admin", "ADDRESS:PORT", options.proxy.admin_address,
           "serve /metrics, /healthz, /config and /addresses there\n"
           "(default: nowhere; port 0 picks a free one)"),
      text("--dns", "ADDRESS:PORT", options.dns_address,
           "answer DNS questions for mesh names there, by UDP and TCP\n"
           "(default: nowhere; port 0 picks a free one)"),
      {"--dns-zone", "ZONE", "another zone of mesh names beside `mesh`, such as traefik.mesh",
       [&options](const std::string& zone) -> Taken {
         if (!dns::Name::parse(zone) || zone.empty()) {
           return UsageError("`" + zone + "` is no domain name");
         }
         options.mesh_zones.push_back(zone);
         return {};
       }},
      number("--workers", "N", options.proxy.workers, kMostWorkers,
             "threads that carry traffic (default: 0, one per core)"),
      choice<proxy::AccessLog>("--access-log",
                               {{"off", proxy::AccessLog::off},
                                {"text", proxy::AccessLog::text},
                                {"json", proxy::AccessLog::json}},
                               options.proxy.access_log,
                               "a line per request, TCP connection and UDP flow on stdout\n"
                               "(default: off)"),
      choice<program::Engine>(
          "--engine",
          {{"native", program::Engine::native}, {"portable", program::Engine::portable}},
          options.engine, "machine code, or its tables interpreted (default: native)")};
  add_meaning_options(options.compile.model, syntax.options);
  syntax.ending =
      "example:\n"
      "  smic up examples/canary --admin 127.0.0.1:9901\n"
      "  curl --interface 127.0.0.11 http://ADDRESS:PORT/       # as the Pod with that address\n\n"
      "exit: 0 after Ctrl-C or SIGTERM, 1 the world failed, 64 wrong usage";
  return syntax;
}

// One mesh from its first version to its last.
class Session {
 public:
  Session(Options options, source::Source& source, proxy::Proxy& proxy, dns::Server* dns,
          Console& console)
      : options_(std::move(options)),
        source_(source),
        proxy_(proxy),
        dns_(dns),
        console_(console),
        out_(options_.proxy.access_log == proxy::AccessLog::off ? console.out : console.err) {}

  void on_update(const Result<controller::Update>& update, const Diagnostics& diagnostics) {
    tell(diagnostics);
    const auto applied = update ? apply(*update) : Result<void>(std::unexpected(update.error()));
    if (applied) return;
    console_.err << "smic up: " << applied.error().message << '\n';
    if (snapshot_) {
      console_.err << "smic up: still serving version " << manifest_.version << std::endl;
    } else {
      failed_ = true;
      source_.stop();
    }
  }

  bool failed() const { return failed_; }

 private:
  // The same diagnostics as last time are not news.
  void tell(const Diagnostics& diagnostics) {
    std::string text = render(diagnostics, DiagnosticsFormat::human, console_.colour_err());
    if (text != told_) console_.err << text << std::flush;
    told_ = std::move(text);
    if (diagnostics.has_errors() && !snapshot_) {
      console_.err << "smic up: starting without what is broken above; access to it stays closed"
                   << std::endl;
    }
  }

  Result<void> apply(const controller::Update& update) {
    if (snapshot_ && update.manifest.version == manifest_.version) return {};
    const auto blobs = [&update](const std::string& digest) -> Result<contract::Bytes> {
      const auto image = update.images.find(digest);
      if (image == nullptr) return fail("there is no image " + digest);
      return image->unpack();
    };
    if (!snapshot_) {
      if (auto free = check_free(update.manifest); !free) return free;
    }
    const auto start = std::chrono::steady_clock::now();
    contract::Manifest manifest = update.manifest_of(controller::kOnlyNode);
    auto snapshot = program::build_snapshot(manifest, blobs, options_.engine, snapshot_.get());
    if (!snapshot) return fail(snapshot, "load version " + std::to_string(update.manifest.version));
    if (auto applied = proxy_.apply(*snapshot); !applied) return applied;
    const std::chrono::duration<double> loading = std::chrono::steady_clock::now() - start;
    // Names come after what they lead to.
    if (dns_ != nullptr && (!snapshot_ || update.manifest.names != manifest_.names)) {
      dns_->use(std::make_shared<dns::Zones>(dns::Zones::build(
          update.manifest.names, static_cast<std::uint32_t>(update.manifest.version))));
    }
    announce(update, manifest, loading.count());
    snapshot_ = std::move(*snapshot);
    manifest_ = std::move(manifest);
    return {};
  }

  void announce(const controller::Update& update, const contract::Manifest& manifest,
                double loading) {
    std::ostringstream line;
    line << "version " << manifest.version << ": " << manifest.units.size()
         << (manifest.units.size() == 1 ? " unit, " : " units, ") << update.compiled
         << " compiled in " << std::fixed << std::setprecision(1) << update.seconds * 1e3
         << " ms, enforced after " << (update.seconds + loading) * 1e3 << " ms";
    if (snapshot_) {
      out_ << line.str() << '\n' << changes_between(manifest_, manifest) << std::flush;
      return;
    }
    out_ << "smic up, " << line.str() << "\n\n" << table_of(manifest);
    if (!proxy_.admin_address().empty()) out_ << "\n  admin: http://" << proxy_.admin_address();
    if (dns_ != nullptr) out_ << "\n  dns: " << dns_->address();
    out_ << "\n  Ctrl-C ends it\n" << std::endl;
  }

  Options options_;
  source::Source& source_;
  proxy::Proxy& proxy_;
  dns::Server* dns_;  // null: nobody asked for it
  Console& console_;
  std::ostream& out_;
  std::string told_;
  std::shared_ptr<const program::Snapshot> snapshot_;
  contract::Manifest manifest_;
  bool failed_ = false;
};

// SIGINT and SIGTERM stop the source. They must be blocked before the proxy's threads exist, so
// that those inherit the mask; after the first one they have their usual effect again, so that a
// second Ctrl-C ends a drain that takes too long.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }

  void stop_on_first(source::Source& source) {
    waiter_ = std::thread([this, &source] {
      int signal = 0;
      sigwait(&set_, &signal);
      source.stop();
    });
  }

  // After the source has stopped, for whatever reason.
  void release() {
    pthread_kill(waiter_.native_handle(), SIGTERM);  // has no effect if the wait is over
    waiter_.join();
    pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
  }

 private:
  sigset_t set_{};
  std::thread waiter_;
};

}  // namespace

int run_up(Words words, Console& console) {
  Options options;
  const Syntax syntax = syntax_of(options);
  const auto begun = start(syntax, words, console.out, console.err);
  if (begun.exit_code) return *begun.exit_code;

  options.proxy.admin_waits_for_snapshot = true;
  options.proxy.exclusive_addresses = true;
  Signals signals;
  auto source = source::watch_directory(begun.operands.front());
  if (!source) return world_failed("up", source.error(), console);
  auto proxy = proxy::Proxy::start(options.proxy);
  if (!proxy) return world_failed("up", proxy.error(), console);

  std::unique_ptr<dns::Server> dns;
  if (!options.dns_address.empty()) {
    auto started = dns::Server::start(options.dns_address);
    if (!started) return world_failed("up", started.error(), console);
    dns = std::move(*started);
  }

  options.compile.targets = program::Targets(options.engine).best();
  Session session(options, **source, **proxy, dns.get(), console);
  controller::Reconciler reconciler(options.compile, controller::loopback_plan(),
                                    controller::OnMistake::keep_version, options.mesh_zones);
  signals.stop_on_first(**source);
  controller::follow(**source, reconciler, [&session](const auto& update, const auto& diagnostics) {
    session.on_update(update, diagnostics);
  });
  signals.release();
  if (session.failed()) return kWorldFailed;

  console.err << "smic up: finishing what is in flight" << std::endl;
  const bool complete = (*proxy)->drain(kDrainDeadline);
  console.err << (complete ? "smic up: done" : "smic up: done, some connections were cut off")
              << std::endl;
  return kDone;
}

}  // namespace smic::cli
