// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/control.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <thread>

#include "runtime/net/address.h"

namespace smic::proxy {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using local = asio::local::stream_protocol;
using SharedPort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr std::chrono::seconds kClientTimeout{30};
constexpr std::chrono::seconds kChoreInterval{1};
constexpr std::size_t kMaxRequestBody = 64 * 1024;

// One admin client. Keeps itself alive by its callbacks.
template <class Protocol>
class Client : public std::enable_shared_from_this<Client<Protocol>> {
 public:
  using Socket = asio::basic_stream_socket<Protocol, asio::any_io_executor>;

  Client(Socket socket, const Control::Handler& handler)
      : stream_(std::move(socket)), handler_(handler) {}

  void read() {
    parser_.emplace();
    parser_->body_limit(kMaxRequestBody);
    stream_.expires_after(kClientTimeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                       if (!error) self->reply();
                     });
  }

 private:
  void reply() {
    const auto& request = parser_->get();
    AdminReply reply = reply_to(request);
    response_ = {};
    response_.version(request.version());
    response_.result(static_cast<unsigned>(reply.status));
    response_.keep_alive(request.keep_alive());
    response_.set(http::field::content_type, reply.type);
    if (reply.status == 405) response_.set(http::field::allow, "GET, HEAD");
    response_.content_length(reply.body.size());
    if (request.method() != http::verb::head) response_.body() = std::move(reply.body);
    http::async_write(stream_, serializer_.emplace(response_),
                      [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                        if (error) return;
                        if (self->response_.keep_alive()) {
                          self->read();
                        } else {
                          self->stream_.socket().shutdown(Socket::shutdown_send, error);
                        }
                      });
  }

  AdminReply reply_to(const http::request<http::string_body>& request) {
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
      return {405, "application/json", "{\"error\":\"only GET and HEAD are offered\"}\n"};
    }
    const std::string target(request.target());
    return handler_(target.substr(0, target.find('?')));
  }

  beast::basic_stream<Protocol> stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  const Control::Handler& handler_;
};

class ControlThread : public Control {
 public:
  ControlThread(Handler handler, std::function<void()> chore)
      : handler_(std::move(handler)), chore_(std::move(chore)) {}

  ~ControlThread() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    if (!socket_file_.empty()) ::unlink(socket_file_.c_str());
  }

  Result<void> listen(const std::string& text, bool shared) {
    const auto address = net::SocketAddress::parse(text);
    if (!address) return fail(address, "admin address");
    const tcp::endpoint endpoint(asio::ip::make_address(address->ip()), address->port());
    beast::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && shared) acceptor_.set_option(SharedPort(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail("listen on " + text + ": " + error.message());
    const auto bound = acceptor_.local_endpoint();
    const auto shown = net::SocketAddress::parse(bound.address().to_string(), bound.port());
    if (shown) address_ = shown->to_string();
    return {};
  }

  // Nobody else may connect from the moment on that it has its name.
  Result<void> listen_on_file(const std::string& file) {
    beast::error_code error;
    ::unlink(file.c_str());
    if (file.size() >= sizeof(sockaddr_un::sun_path)) return fail(file + ": the name is too long");
    local_acceptor_.open(local(), error);
    const mode_t before = ::umask(0177);
    if (!error) local_acceptor_.bind(local::endpoint(file), error);
    ::umask(before);
    if (!error) local_acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail("listen on " + file + ": " + error.message());
    socket_file_ = file;
    return {};
  }

  void run() {
    repeat_chore();
    thread_ = std::thread([this] { context_.run(); });
  }

  std::string address() const override { return address_; }
  void open() override {
    if (!address_.empty()) post([this] { accept(acceptor_); });
    if (!socket_file_.empty()) post([this] { accept(local_acceptor_); });
  }
  void post(std::function<void()> work) override { asio::post(context_, std::move(work)); }

 private:
  template <class Acceptor>
  void accept(Acceptor& acceptor) {
    using Protocol = typename Acceptor::protocol_type;
    acceptor.async_accept([this, &acceptor](beast::error_code error, auto socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error) std::make_shared<Client<Protocol>>(std::move(socket), handler_)->read();
      accept(acceptor);
    });
  }

  void repeat_chore() {
    timer_.expires_after(kChoreInterval);
    timer_.async_wait([this](beast::error_code error) {
      if (error) return;
      chore_();
      repeat_chore();
    });
  }

  Handler handler_;
  std::function<void()> chore_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  tcp::acceptor acceptor_{context_};
  local::acceptor local_acceptor_{context_};
  asio::steady_timer timer_{context_};
  std::string address_;
  std::string socket_file_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Control>> Control::start(const Doors& doors, Handler handler,
                                                std::function<void()> chore) {
  auto control = std::make_unique<ControlThread>(std::move(handler), std::move(chore));
  if (!doors.address.empty()) {
    const auto listening = control->listen(doors.address, doors.shared);
    if (!listening) return std::unexpected(listening.error());
  }
  if (!doors.socket_file.empty()) {
    const auto listening = control->listen_on_file(doors.socket_file);
    if (!listening) return std::unexpected(listening.error());
  }
  control->run();
  return std::unique_ptr<Control>(std::move(control));
}

}  // namespace smic::proxy
