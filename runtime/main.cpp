// SPDX-License-Identifier: Apache-2.0
// smic-proxy: enforces a manifest and its images, from files or from a controller, and follows
// them.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/command_line.h"
#include "base/ip.h"
#include "base/log.h"
#include "compiler/settings/settings.h"
#include "runtime/daemon/daemon.h"
#include "runtime/observe/metrics.h"
#include "runtime/proxy/probe.h"
#include "runtime/subscribe/subscribe.h"

namespace {

using namespace smic;

constexpr unsigned kMostWorkers = 1024;
constexpr std::chrono::seconds kDrainDeadline{30};
constexpr timespec kFollowInterval{0, 200'000'000};

struct Configuration {
  std::string config;
  std::string manifest;
  std::string images;
  std::string controllers;  // instead of a manifest
  std::string node, trust, token, state;
  program::Engine engine = program::Engine::native;
  std::vector<std::string> targets;  // of code that may run; none = all that can
  std::string dns_address;
  std::vector<std::string> dns_resolvers;
  std::string ready_of, live_of;  // sockets of another process
  bool drop_capabilities = false;
  proxy::Options options;
  LogFormat log_format = LogFormat::text;
  LogLevel log_level = LogLevel::info;
};

Syntax syntax_of(Configuration& given) {
  Syntax syntax;
  syntax.command = "smic-proxy";
  syntax.most = 0;
  syntax.about =
      "Enforces what a manifest says on live traffic, and follows the file: when it is replaced, "
      "and\n"
      "on SIGHUP, the new version takes over without a lost request. A bad one is refused with "
      "the\n"
      "reason, and the last good version stays. SIGTERM and SIGINT drain: no new connections, "
      "what\n"
      "is in flight ends, then the proxy does. It needs --manifest, or --controller and what goes "
      "with\n"
      "it (docs/distribution.md).";
  syntax.options = {
      settings::config_option(given.config),
      text("--manifest", "FILE", given.manifest, "what to enforce, as written by smic-controller"),
      text("--images", "DIR", given.images,
           "where the images are\n"
           "(default: images/ beside the manifest)"),
      text("--controller", "URL[,URL]", given.controllers,
           "follow a controller instead: https://HOST[:PORT], the next\n"
           "one when one fails; needs --node, --trust, --token, --state"),
      text("--node", "NAME", given.node, "of this machine, as the cluster knows it"),
      text("--trust", "FILE", given.trust,
           "PEM: the certificates that vouch for controllers, and the\n"
           "keys that sign what they say"),
      text("--token", "FILE", given.token, "says who we are; read again for every request"),
      text("--state", "DIR", given.state,
           "keeps the last good state and its images, to serve from\n"
           "when no controller is there"),
      text("--admin", "ADDRESS:PORT", given.options.admin_address,
           "serves /metrics, /healthz, /readyz, /config and\n"
           "/addresses (default: nowhere); a successor may share it"),
      text("--admin-socket", "FILE", given.options.admin_socket,
           "serves the same on a Unix socket, which is this process's\n"
           "alone (default: nowhere)"),
      text("--ready", "FILE", given.ready_of,
           "only asks the proxy with that --admin-socket whether it is\n"
           "ready, and exits with 0 or 1; for a readiness probe"),
      text("--live", "FILE", given.live_of, "the same, for a liveness probe"),
      text("--dns", "ADDRESS:PORT", given.dns_address,
           "answers DNS questions for mesh names there, by UDP and\n"
           "TCP (default: nowhere)"),
      words("--dns-resolver", "ADDRESS:PORT,...", given.dns_resolvers,
            "who knows what an ExternalName leads to outside of the\n"
            "mesh's names (default: the nameservers of /etc/resolv.conf)"),
      number("--workers", "N", given.options.workers, kMostWorkers,
             "threads for traffic (default: 0, one per core)"),
      choice<steer::Mode>("--steer",
                          {{"auto", steer::Mode::automatic}, {"bind", steer::Mode::bind}},
                          given.options.steering,
                          "how the ranges of mesh addresses get here: auto, by an\n"
                          "sk_lookup program where the node allows it; bind, a socket\n"
                          "for each address (default: auto)"),
      words("--node-addresses", "ADDRESS,...", given.options.node_addresses,
            "this node's own, of each IP family one: where it listens\n"
            "for shadow Services (docs/addresses.md)"),
      flag("--drop-capabilities", given.drop_capabilities,
           "only the thread that steers keeps capabilities"),
      choice<proxy::AccessLog>("--access-log",
                               {{"off", proxy::AccessLog::off},
                                {"text", proxy::AccessLog::text},
                                {"json", proxy::AccessLog::json}},
                               given.options.access_log,
                               "a line per request, TCP connection and UDP flow on stdout\n"
                               "(default: off)"),
      choice<program::Engine>(
          "--engine",
          {{"native", program::Engine::native}, {"portable", program::Engine::portable}},
          given.engine, "who decides (default: native)"),
      words("--targets", "TARGET,...", given.targets,
            "CPUs whose code may run here, such as x86_64-v2 (default:\n"
            "all that this machine can run, the best first)")};
  settings::add_log_options(given.log_format, given.log_level, syntax.options);
  syntax.ending = settings::kDaemonExits;
  return syntax;
}

// What is wrong about options that are each right; empty = nothing.
std::string contradiction(const Configuration& given) {
  if (given.manifest.empty() && given.controllers.empty()) {
    return "it needs --manifest=FILE or --controller=URL";
  }
  if (!given.manifest.empty() && !given.controllers.empty()) {
    return "--manifest and --controller exclude each other";
  }
  for (const std::string& each : given.options.node_addresses) {
    if (!IpAddress::parse(each)) return "--node-addresses: `" + each + "` is no IP address";
  }
  if (!given.targets.empty() && given.engine == program::Engine::portable) {
    return "--targets is about code, and --engine=portable runs none";
  }
  if (const auto targets = program::Targets::of(given.targets); !targets) {
    return "--targets: " + targets.error().message;
  }
  if (given.controllers.empty()) return {};
  for (const auto& [name, value] : {std::pair("--node=NAME", &given.node),
                                    {"--trust=FILE", &given.trust},
                                    {"--token=FILE", &given.token},
                                    {"--state=DIR", &given.state}}) {
    if (value->empty()) return std::string("--controller needs ") + name;
  }
  return {};
}

std::string images_beside(const std::string& manifest) {
  const std::size_t slash = manifest.rfind('/');
  return (slash == std::string::npos ? "" : manifest.substr(0, slash + 1)) + "images";
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("read " + path + ": " + std::generic_category().message(errno));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// An image is named by its digest: "sha256-<hex>.img", or "<hex>" as smic-controller writes it.
Result<contract::Bytes> read_image(const std::string& directory, const std::string& digest) {
  std::string name = digest;
  for (char& c : name) {
    if (c == ':') c = '-';
    if (c == '/') return fail("`" + digest + "` is not a digest");
  }
  auto text = read_file(directory + "/" + name + ".img");
  if (!text) text = read_file(directory + "/" + digest.substr(digest.find(':') + 1));
  if (!text) return std::unexpected(text.error());
  const auto* bytes = reinterpret_cast<const std::byte*>(text->data());
  return contract::Bytes(bytes, bytes + text->size());
}

// Which file is at a path: changes when it is replaced or written to.
auto identity_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) status = {};
  return std::tuple(status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

// Follows the manifest's file.
class Follower {
 public:
  Follower(const Configuration& given, daemon::Enforcer& enforcer)
      : given_(given), enforcer_(enforcer) {}

  // The file as it is now becomes what is enforced, or an error tells why not.
  Result<void> load() {
    seen_ = identity_of(given_.manifest);
    const auto text = read_file(given_.manifest);
    if (!text) return std::unexpected(text.error());
    const auto manifest = contract::manifest_from_json(*text);
    if (!manifest) return fail(manifest, given_.manifest);
    return enforcer_.enforce(
        *manifest, [&](const std::string& digest) { return read_image(given_.images, digest); });
  }

  void reload() {
    const auto loaded = load();
    const auto now = enforcer_.current();
    if (!loaded) {
      log_error("manifest refused", {{"reason", loaded.error().message},
                                     {"version_in_force", std::to_string(now->version)}});
      return;
    }
    log_info("enforcing", {{"version", std::to_string(now->version)},
                           {"units", std::to_string(now->units.size())}});
  }

  void reload_if_changed() {
    if (identity_of(given_.manifest) != seen_) reload();
  }

 private:
  const Configuration& given_;
  daemon::Enforcer& enforcer_;
  decltype(identity_of("")) seen_;
};

void log_start(const proxy::Proxy& proxy, const program::Snapshot* enforced) {
  if (const std::string admin = proxy.admin_address(); !admin.empty()) {
    log_info("admin", {{"address", admin}});
  }
  if (enforced == nullptr) return;
  const program::Snapshot& snapshot = *enforced;
  log_info("enforcing", {{"version", std::to_string(snapshot.version)},
                         {"units", std::to_string(snapshot.units.size())}});
  const auto ranges = proxy.steering();
  const auto steered = [](const steer::RangeStatus& range) {
    return range.how == steer::RangeStatus::How::steered;
  };
  if (!ranges.empty() && std::ranges::all_of(ranges, steered)) return;  // and no address is bound
  for (const auto& each : snapshot.units) {
    const contract::Unit& unit = each->manifest;
    for (const std::string& address : proxy.listens_on(unit)) {
      log_info("listening",
               {{"address", address}, {"unit", unit.service + ":" + std::to_string(unit.port)}});
    }
  }
}

int failed(const Error& error) {
  std::cerr << "smic-proxy: " << error.message << '\n';
  return kWorldFailed;
}

int ask(const std::string& socket_file, const std::string& path) {
  const auto asked = proxy::probe(socket_file, path);
  return asked ? kDone : failed(asked.error());
}

std::vector<std::string> resolvers(const Configuration& given) {
  if (!given.dns_resolvers.empty()) return given.dns_resolvers;
  return dns::nameservers(read_file("/etc/resolv.conf").value_or(std::string()));
}

// Until a signal asks for the end.
Result<void> follow_file(const Configuration& given, const proxy::Proxy& proxy,
                         daemon::Enforcer& enforcer, const sigset_t& signals) {
  Follower follower(given, enforcer);
  if (auto loaded = follower.load(); !loaded) return loaded;
  log_start(proxy, enforcer.current().get());
  for (;;) {
    const int signal = ::sigtimedwait(&signals, nullptr, &kFollowInterval);
    if (signal == SIGTERM || signal == SIGINT) return {};
    if (signal == SIGHUP) {
      follower.reload();
    } else {
      follower.reload_if_changed();
    }
  }
}

std::string subscription_metrics(const subscribe::Figures& figures) {
  using observe::sample;
  return sample("smic_controller_connected", "gauge", "Whether a controller is being followed.",
                figures.connected ? 1 : 0) +
         sample("smic_state_epoch", "gauge", "Epoch of the state enforced.", figures.epoch) +
         sample("smic_state_version", "gauge", "Version of the state enforced.", figures.version) +
         sample("smic_states_taken_total", "counter", "States enforced since the start.",
                figures.taken) +
         sample(
             "smic_states_refused_total", "counter",
             "States refused since the start: old, not signed, not whole, or not to be enforced.",
             figures.refused) +
         sample("smic_controller_connections_total", "counter",
                "Connections to controllers since the start.", figures.connections) +
         sample("smic_images_fetched_total", "counter", "Images fetched since the start.",
                figures.images_fetched);
}

program::Targets targets_of(const Configuration& given) {
  if (given.targets.empty()) return given.engine;
  return *program::Targets::of(given.targets);  // contradiction() has looked
}

subscribe::Options subscription_of(const Configuration& given) {
  subscribe::Options options;
  for (std::size_t begin = 0; begin <= given.controllers.size();) {
    const std::size_t comma =
        std::min(given.controllers.find(',', begin), given.controllers.size());
    options.controllers.push_back(given.controllers.substr(begin, comma - begin));
    begin = comma + 1;
  }
  options.trust_file = given.trust;
  options.token_file = given.token;
  options.node = given.node;
  options.directory = given.state;
  options.targets = targets_of(given).names();
  return options;
}

Result<void> follow_controller(const Configuration& given, proxy::Proxy& proxy,
                               daemon::Enforcer& enforcer, const sigset_t& signals) {
  auto subscription = subscribe::Subscription::start(
      subscription_of(given),
      [&](const contract::Manifest& manifest, const subscribe::Blobs& blobs) {
        return enforcer.enforce(manifest, blobs);
      });
  if (!subscription) return std::unexpected(subscription.error());
  proxy.add_metrics([&] { return subscription_metrics((*subscription)->figures()); });
  log_start(proxy, enforcer.current().get());
  for (;;) {
    const int signal = ::sigwaitinfo(&signals, nullptr);
    if (signal == SIGTERM || signal == SIGINT) break;
  }
  proxy.add_metrics({});
  return {};
}

// Before any other thread: they inherit what is left.
Result<void> drop_capabilities(proxy::Options& options) {
  const std::string kept = steer::useful_capabilities();
  options.steward = std::make_shared<steer::Steward>();
  if (const auto dropped = steer::give_up_capabilities(); !dropped) return dropped;
  log_info("capabilities", {{"kept_for_steering", kept}});
  return {};
}

int run(Configuration& given, const sigset_t& signals) {
  if (given.drop_capabilities) {
    if (const auto dropped = drop_capabilities(given.options); !dropped) {
      return failed(dropped.error());
    }
  }
  const auto proxy = proxy::Proxy::start(given.options);
  if (!proxy) return failed(proxy.error());
  std::unique_ptr<dns::Server> dns;
  if (!given.dns_address.empty()) {
    auto started = dns::Server::start(given.dns_address, resolvers(given));
    if (!started) return failed(started.error());
    dns = std::move(*started);
    log_info("dns", {{"address", dns->address()}});
  }
  const program::Targets targets = targets_of(given);
  log_info("code",
           {{"targets", targets.names().empty() ? std::string("none, tables are interpreted")
                                                : join_words(targets.names(), ",")}});
  daemon::Enforcer enforcer(**proxy, dns.get(), targets);
  const auto followed = given.controllers.empty()
                            ? follow_file(given, **proxy, enforcer, signals)
                            : follow_controller(given, **proxy, enforcer, signals);
  if (!followed) return failed(followed.error());
  log_info("draining");
  const bool whole = (*proxy)->drain(kDrainDeadline);
  log_info("stopped", {{"cut_off", whole ? "nothing" : "what had not ended in time"}});
  return kDone;
}

}  // namespace

int main(int argc, char** argv) {
  Configuration given;
  const Syntax syntax = syntax_of(given);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (const auto code = settings::start({syntax, &given.config}, words, std::cout, std::cerr)) {
    return *code;
  }
  if (!given.ready_of.empty()) return ask(given.ready_of, "/readyz");
  if (!given.live_of.empty()) return ask(given.live_of, "/healthz");
  if (const std::string reason = contradiction(given); !reason.empty()) {
    return wrong_usage(syntax, reason, std::cerr);
  }
  if (given.images.empty() && !given.manifest.empty()) given.images = images_beside(given.manifest);
  configure_log(given.log_format, given.log_level);
  settings::log_in_force(syntax);
  // Blocked before any thread starts, so that only the main thread takes them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return run(given, signals);
}
