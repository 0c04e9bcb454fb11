// SPDX-License-Identifier: Apache-2.0
// What every node enforces, as the controllers know it from the proxies' acknowledgements.
#include <charconv>
#include <iostream>
#include <thread>

#include "cli/input.h"
#include "cli/status_report.h"
#include "controller/distribution/status_api.h"
#include "controller/kube/client.h"
#include "http/http.h"
#include "runtime/subscribe/files.h"
#include "runtime/subscribe/link.h"

namespace smic::cli {
namespace {

constexpr std::size_t kMaxStatus = std::size_t{64} << 20;
constexpr std::size_t kMaxTrust = std::size_t{1} << 20;
constexpr unsigned kMostSeconds = 7 * 24 * 3600;
constexpr std::chrono::milliseconds kAgain{200};

struct Options {
  std::string kubeconfig, context;
  std::vector<std::string> controllers;
  std::string trust, token;
  bool wait = false;
  Wanted wanted;
  unsigned timeout = 60;
  bool json = false;
};

Taken take_version(Options& options, const std::string& given) {
  options.wait = true;
  if (given.empty()) return {};
  const auto [end, error] =
      std::from_chars(given.data(), given.data() + given.size(), options.wanted.version);
  if (error != std::errc() || end != given.data() + given.size()) {
    return UsageError("`" + given + "` is no version");
  }
  return {};
}

Syntax syntax_of(Options& options) {
  Syntax syntax;
  syntax.command = "smic status";
  syntax.most = 0;
  syntax.about =
      "Says for every node which version its proxy enforces, since when, whether it is connected,\n"
      "and what it refused and why. It asks through the Kubernetes API (--kubeconfig; needs the "
      "right to\n"
      "list `enforcement` of smic.dev), or controllers themselves (--controller, --trust, "
      "--token): then\n"
      "each is asked, and a node is told by the one that it follows.";
  syntax.options = {
      text("--kubeconfig", "FILE", options.kubeconfig,
           "where the Kubernetes API is and who we are"),
      text("--context", "NAME", options.context, "of the kubeconfig (default: its current one)"),
      smic::words("--controller", "URL[,URL]", options.controllers, "https://HOST[:PORT]"),
      text("--trust", "FILE", options.trust,
           "PEM: the certificates that vouch for controllers (ca.crt or\n"
           "trust.pem)"),
      text("--token", "FILE", options.token,
           "of somebody who may get /v1/status (`kubectl create token\n"
           "--audience smic-controller`, or a line `TOKEN *` of --tokens)"),
      {"--wait",
       "[VERSION]",
       "until every node enforces what its controller has now, or\n"
       "that version or a later one",
       [&](const std::string& given) { return take_version(options, given); },
       {}},
      number("--timeout", "SECONDS", options.timeout, kMostSeconds, "of --wait (default: 60)"),
      choice<bool>("--format", {{"human", false}, {"json", true}}, options.json,
                   "a table, or the controllers' own words (default: human)")};
  syntax.ending =
      "exit: 0 every node enforces it, 1 some do not or no controller can be asked, 64 wrong usage";
  return syntax;
}

// `--wait` alone is `--wait=`.
std::vector<std::string> with_values(Words words) {
  std::vector<std::string> list(words.begin(), words.end());
  for (std::string& word : list) {
    if (word == "--wait") word = "--wait=";
  }
  return list;
}

// Whom we ask.
class Asker {
 public:
  virtual ~Asker() = default;
  virtual Result<distribution::Status> ask() = 0;
};

class AskControllers final : public Asker {
 public:
  static Result<std::unique_ptr<Asker>> make(const Options& options) {
    auto trust = subscribe::read_file(options.trust, kMaxTrust);
    if (!trust) return std::unexpected(trust.error());
    auto asker = std::make_unique<AskControllers>();
    for (const std::string& url : options.controllers) {
      auto address = subscribe::controller_address(url);
      if (!address) return std::unexpected(address.error());
      asker->links_.push_back(std::make_unique<subscribe::Link>(
          subscribe::LinkOptions{
              .address = *address, .authorities = *trust, .token_file = options.token},
          asker->stop_));
    }
    return asker;
  }

  Result<distribution::Status> ask() override {
    std::vector<distribution::Status> answers;
    for (const auto& link : links_) {
      const auto text = link->ask({.target = "/v1/status"}, kMaxStatus);
      if (!text) return std::unexpected(Error(text.error()));
      auto status = distribution::status_from_json(*text);
      if (!status) return std::unexpected(status.error());
      answers.push_back(std::move(*status));
    }
    return together(answers);
  }

 private:
  http::Stop stop_;
  std::vector<std::unique_ptr<subscribe::Link>> links_;
};

class AskCluster final : public Asker {
 public:
  explicit AskCluster(kube::Config config) : client_(std::move(config), stop_) {}

  static Result<std::unique_ptr<Asker>> make(const Options& options) {
    auto config = kube::read_kubeconfig(options.kubeconfig, options.context);
    if (!config) return std::unexpected(config.error());
    return std::make_unique<AskCluster>(std::move(*config));
  }

  Result<distribution::Status> ask() override {
    const auto text = client_.get(std::string(distribution::kEnforcement));
    if (!text) return fail(text.error().told());
    return distribution::status_from_json(*text);
  }

 private:
  kube::Stop stop_;
  kube::Client client_;
};

// A controller that cannot be asked just now may come back within the time.
Result<distribution::Status> asked(Asker& asker, const Options& options) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.timeout);
  for (;;) {
    auto status = asker.ask();
    const bool done = status && all_enforce(*status, options.wanted);
    if (done || !options.wait || std::chrono::steady_clock::now() >= end) return status;
    std::this_thread::sleep_for(kAgain);
  }
}

}  // namespace

int run_status(Words words, Console& console) {
  Options options;
  const Syntax syntax = syntax_of(options);
  const auto begun = start(syntax, with_values(words), console.out, console.err);
  if (begun.exit_code) return *begun.exit_code;
  if (options.kubeconfig.empty() == options.controllers.empty()) {
    return wrong_usage(syntax, "it needs --kubeconfig=FILE or --controller=URL", console.err);
  }
  if (options.kubeconfig.empty() && options.trust.empty())
    return wrong_usage(syntax, "it needs --trust=FILE", console.err);
  if (options.kubeconfig.empty() && options.token.empty())
    return wrong_usage(syntax, "it needs --token=FILE", console.err);
  auto asker =
      options.kubeconfig.empty() ? AskControllers::make(options) : AskCluster::make(options);
  if (!asker) return world_failed("status", asker.error(), console);
  const auto status = asked(**asker, options);
  if (!status) return world_failed("status", status.error(), console);
  console.out << (options.json ? distribution::to_json(*status)
                               : status_table(*status, options.wanted, distribution::Clock::now()));
  return all_enforce(*status, options.wanted) ? kDone : kWorldFailed;
}

}  // namespace smic::cli
