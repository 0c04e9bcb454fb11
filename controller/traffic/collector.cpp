// SPDX-License-Identifier: Apache-2.0
#include "controller/traffic/collector.h"

#include <charconv>

#include "base/log.h"

namespace smic::traffic {
namespace {

constexpr std::chrono::seconds kStale{60};

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

Address parse(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Address address{text.substr(0, std::min(colon, text.size())), 0};
  if (address.host.starts_with('[')) address.host = address.host.substr(1, address.host.size() - 2);
  if (colon != text.npos) {
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), address.port);
  }
  return address;
}

}  // namespace

Collector::Collector(std::function<std::vector<std::string>()> proxies, const http::Stop& stop,
                     std::chrono::milliseconds interval)
    : proxies_(std::move(proxies)), stop_(stop), interval_(interval) {
  thread_ = std::thread([this] { run(); });
}

Collector::~Collector() { thread_.join(); }

void Collector::look(const std::function<void(const Window&)>& at) const {
  const std::lock_guard lock(mutex_);
  at(window_);
}

std::string Collector::not_ready() const {
  const std::lock_guard lock(mutex_);
  if (last_read_ == Time::min()) return "no proxy could be asked for its figures yet";
  if (last_read_ < Clock::now() - kStale) return "no proxy answers";
  return {};
}

void Collector::run() {
  while (!stop_.wait(interval_)) read_all();
}

void Collector::read_all() {
  std::map<std::string, Time> silent;
  for (const std::string& address : proxies_()) {
    if (stop_.stopped()) return;
    const auto until = silent_.find(address);
    if (until != silent_.end() && until->second > Clock::now()) {
      silent.insert(*until);
      continue;
    }
    auto report = read(address);
    if (!report) {
      if (until == silent_.end()) {
        log_warning("figures not read", {{"proxy", address}, {"reason", report.error().message}});
      }
      silent[address] = Clock::now() + kScrapeAgainAfter;
      continue;
    }
    const std::lock_guard lock(mutex_);
    last_read_ = Clock::now();
    window_.add(address, *report, last_read_);
  }
  silent_ = std::move(silent);
}

Result<contract::EdgeReport> Collector::read(const std::string& address) const {
  const http::Deadline deadline = http::Clock::now() + kScrapeTime;
  const Address to = parse(address);
  auto stream = http::dial(to.host, to.port, deadline, stop_);
  if (!stream) return fail(stream.error().told());
  http::HttpConnection connection(std::move(*stream), address);
  http::Request request;
  request.target = "/edges";
  const auto head = connection.ask(request, "", deadline);
  if (!head) return fail(head.error().told());
  if (head->status != 200) return fail("it answers " + std::to_string(head->status));
  std::string body;
  for (;;) {
    const auto piece = connection.read(deadline);
    if (!piece) return fail(piece.error().told());
    if (piece->empty()) return contract::edges_from_json(body);
    body += *piece;
    if (body.size() > contract::kMaxEdgeReportBytes) return fail("its answer is too large");
  }
}

}  // namespace smic::traffic
