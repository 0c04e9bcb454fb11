// SPDX-License-Identifier: Apache-2.0
// Where connections come from and how they all end; what one is, is in connection.h.
//
// Tested by tests/unit/api/server_test.cpp, and with curl by tests/unit/api/tls_test.cpp.
#include "controller/api/server.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <thread>

#include "base/check.h"
#include "controller/api/connection.h"

namespace smic::api {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using Error = boost::system::error_code;

Result<tcp::endpoint> parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string ip = text.substr(0, std::min(colon, text.size()));
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  const std::string port = colon == text.npos ? "" : text.substr(colon + 1);
  Error error;
  const auto address = asio::ip::make_address(ip, error);
  const bool digits =
      !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == port.npos;
  if (error || !digits || std::stoul(port) > 65535) {
    return fail('`' + text + "` is not ADDRESS:PORT");
  }
  return tcp::endpoint(address, static_cast<std::uint16_t>(std::stoul(port)));
}

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, std::vector<Route> routes)
      : shared_(std::move(options), std::move(routes)) {
    SMIC_CHECK(shared_.options.handler_threads > 0, "nobody to run handlers");
  }

  ~AsioServer() override { stop(std::chrono::milliseconds(0)); }

  Result<void> listen() {
    if (auto done = listen_on(secure_, shared_.options.secure); !done) return done;
    if (auto done = listen_on(plain_, shared_.options.plain); !done) return done;
    if (secure_.is_open()) accept(secure_, true);
    if (plain_.is_open()) accept(plain_, false);
    thread_ = std::thread([this] { shared_.io.run(); });
    return {};
  }

  std::string secure_address() const override { return address_of(secure_); }
  std::string plain_address() const override { return address_of(plain_); }

  Result<void> use_certificate(const std::string& chain, const std::string& key) override {
    return shared_.identity.use(chain, key);
  }
  Result<void> trust_clients(const std::string& name, const std::string& authorities) override {
    return shared_.clients.replace(name, authorities);
  }
  ServerFigures figures() const override {
    const std::lock_guard lock(shared_.mutex);
    return shared_.figures;
  }

  void stop(std::chrono::milliseconds grace) override {
    if (!thread_.joinable()) return;
    asio::post(shared_.io, [this] { wind_down(); });
    {
      std::unique_lock lock(shared_.mutex);
      shared_.emptied.wait_for(lock, grace, [this] { return shared_.figures.connections == 0; });
    }
    std::promise<void> done;
    asio::post(shared_.io, [&] {
      cut();
      done.set_value();
    });
    done.get_future().wait();
    shared_.pool.join();  // handlers that are at work post into the loop, which still runs
    shared_.io.stop();
    thread_.join();
    cut();
  }

 private:
  Result<void> listen_on(tcp::acceptor& acceptor, const std::string& text) {
    if (text.empty()) return {};
    const auto endpoint = parse_address(text);
    if (!endpoint) return std::unexpected(endpoint.error());
    Error error;
    acceptor.open(endpoint->protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(*endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail("listen on " + text + ": " + error.message());
    return {};
  }

  static std::string address_of(const tcp::acceptor& acceptor) {
    Error error;
    const auto endpoint = acceptor.local_endpoint(error);
    return error ? "" : text_of(endpoint);
  }

  void accept(tcp::acceptor& acceptor, bool secure) {
    acceptor.async_accept([this, &acceptor, secure](Error error, tcp::socket socket) {
      if (error == asio::error::operation_aborted || shared_.stopping) return;
      if (error) return accept_later(acceptor, secure);  // no descriptors, most likely
      if (make_room()) secure ? take_secure(std::move(socket)) : serve(shared_, std::move(socket));
      accept(acceptor, secure);
    });
  }

  void accept_later(tcp::acceptor& acceptor, bool secure) {
    breath_.expires_after(std::chrono::milliseconds(100));
    breath_.async_wait([this, &acceptor, secure](Error) { accept(acceptor, secure); });
  }

  void take_secure(tcp::socket socket) {
    ssl_ctx_st* reference = shared_.identity.reference();
    if (reference == nullptr) return;  // no certificate yet
    serve(shared_, std::move(socket), reference);
  }

  // At the limit the connection that did nothing for longest gives way; if all are busy, the
  // newcomer does.
  bool make_room() {
    if (shared_.open.size() < shared_.options.max_connections) return true;
    Open* oldest = nullptr;
    for (Open* each : shared_.open) {
      if (each->idle && (oldest == nullptr || each->since < oldest->since)) oldest = each;
    }
    if (oldest != nullptr) {
      oldest->idle = false;
      oldest->close();
      return true;
    }
    const std::lock_guard lock(shared_.mutex);
    ++shared_.figures.refused_connections;
    return false;
  }

  void close_acceptors() {
    shared_.stopping = true;
    Error ignored;
    secure_.close(ignored);
    plain_.close(ignored);
    breath_.cancel();
  }

  void wind_down() {
    close_acceptors();
    for (Open* each : std::set<Open*>(shared_.open)) each->wind_down();
  }

  void cut() {
    close_acceptors();
    shared_.cut = true;
    for (Open* each : std::set<Open*>(shared_.open)) each->close();
  }

  Shared shared_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{shared_.io.get_executor()};
  tcp::acceptor secure_{shared_.io}, plain_{shared_.io};
  asio::steady_timer breath_{shared_.io};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, std::vector<Route> routes) {
  auto server = std::make_unique<AsioServer>(std::move(options), std::move(routes));
  if (auto done = server->listen(); !done) return std::unexpected(done.error());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace smic::api
