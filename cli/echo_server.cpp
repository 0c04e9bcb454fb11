// SPDX-License-Identifier: Apache-2.0
#include "cli/echo_server.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <csignal>
#include <optional>
#include <utility>

#include "base/log.h"

namespace smic::cli {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using asio::ip::udp;

constexpr std::uint32_t kMaxHeaderBytes = 256 * 1024;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

using Parser = http::request_parser<http::buffer_body>;
using Request = http::request<http::buffer_body>;

// {"name": …, "method": …, "path": …, "headers": {…}, "body_bytes": n}; repeated headers are
// joined.
std::string describe(const Request& request, const std::string& name, std::uint64_t body_bytes) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto& field : request) {
    std::string key(field.name_string());
    for (char& letter : key) letter = static_cast<char>(std::tolower(letter));
    const auto same = std::ranges::find(headers, key, &decltype(headers)::value_type::first);
    if (same == headers.end()) {
      headers.emplace_back(std::move(key), std::string(field.value()));
    } else {
      same->second += ", " + std::string(field.value());
    }
  }
  std::string json = "{\"name\": \"" + json_escape(name) + "\", \"method\": \"" +
                     json_escape(request.method_string()) + "\", \"path\": \"" +
                     json_escape(request.target()) + "\", \"headers\": {";
  std::string separator;
  for (const auto& [key, value] : headers) {
    json += separator + '"' + json_escape(key) + "\": \"" + json_escape(value) + '"';
    separator = ", ";
  }
  return json + "}, \"body_bytes\": " + std::to_string(body_bytes) + "}\n";
}

bool has_body(http::verb method, unsigned status) {
  return method != http::verb::head && status >= 200 && status != 204 && status != 304;
}

asio::awaitable<std::optional<std::uint64_t>> discard_body(tcp::socket& socket,
                                                           boost::beast::flat_buffer& buffer,
                                                           Parser& parser) {
  std::array<char, 16 * 1024> scratch;
  std::uint64_t total = 0;
  while (!parser.is_done()) {
    parser.get().body().data = scratch.data();
    parser.get().body().size = scratch.size();
    const auto [error, count] = co_await http::async_read(socket, buffer, parser, kTuple);
    if (error && error != http::error::need_buffer) co_return std::nullopt;
    total += scratch.size() - parser.get().body().size;
  }
  co_return total;
}

asio::awaitable<bool> answer(tcp::socket& socket, const Request& request,
                             const EchoOptions& options, std::uint64_t body_bytes) {
  http::response<http::string_body> response;
  response.version(request.version());
  response.result(options.status);
  response.set("x-smic-echo", options.name);
  response.set(http::field::content_type, "application/json");
  response.keep_alive(request.keep_alive());
  std::string body = describe(request, options.name, body_bytes);
  if (options.status != 204) response.content_length(body.size());
  if (has_body(request.method(), options.status)) response.body() = std::move(body);
  http::response_serializer<http::string_body> serializer(response);
  const auto [error, count] = co_await http::async_write(socket, serializer, kTuple);
  co_return !error && response.keep_alive();
}

asio::awaitable<void> serve_http(tcp::socket socket, const EchoOptions& options) {
  boost::beast::flat_buffer buffer;
  for (bool open = true; open;) {
    Parser parser;
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(boost::none);
    const auto [error, count] = co_await http::async_read_header(socket, buffer, parser, kTuple);
    if (error) break;
    if (parser.get()[http::field::expect] == "100-continue") {
      const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      if (std::get<0>(co_await asio::async_write(socket, asio::buffer(go_on), kTuple))) break;
    }
    const auto body_bytes = co_await discard_body(socket, buffer, parser);
    if (!body_bytes) break;
    if (options.delay.count() > 0) {
      asio::steady_timer timer(socket.get_executor(), options.delay);
      co_await timer.async_wait(kTuple);
    }
    open = co_await answer(socket, parser.get(), options, *body_bytes);
  }
  boost::system::error_code ignored;
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

// The name on a line, then every byte as it came.
asio::awaitable<void> serve_tcp(tcp::socket socket, const EchoOptions& options) {
  const std::string greeting = options.name + '\n';
  if (std::get<0>(co_await asio::async_write(socket, asio::buffer(greeting), kTuple))) co_return;
  std::array<char, 16 * 1024> chunk;
  for (;;) {
    const auto [error, size] = co_await socket.async_read_some(asio::buffer(chunk), kTuple);
    if (error) break;
    const auto sent = co_await asio::async_write(socket, asio::buffer(chunk.data(), size), kTuple);
    if (std::get<0>(sent)) co_return;
  }
  boost::system::error_code ignored;
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

// "NAME: " and the datagram.
asio::awaitable<void> serve_udp(udp::socket socket, const EchoOptions& options) {
  std::array<char, 64 * 1024> datagram;
  for (;;) {
    udp::endpoint from;
    const auto [error, size] =
        co_await socket.async_receive_from(asio::buffer(datagram), from, kTuple);
    if (error == asio::error::operation_aborted) co_return;
    if (error) continue;  // an ICMP answer to an earlier datagram
    const std::string reply = options.name + ": " + std::string(datagram.data(), size);
    co_await socket.async_send_to(asio::buffer(reply), from, kTuple);
  }
}

asio::awaitable<void> accept_forever(tcp::acceptor acceptor, const EchoOptions& options) {
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(kTuple);
    if (error == asio::error::operation_aborted) co_return;
    if (error) continue;
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const auto executor = socket.get_executor();
    if (options.protocol == EchoProtocol::http) {
      asio::co_spawn(executor, serve_http(std::move(socket), options), asio::detached);
    } else {
      asio::co_spawn(executor, serve_tcp(std::move(socket), options), asio::detached);
    }
  }
}

template <class Endpoint>
std::string text_of(const Endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ':' +
         std::to_string(endpoint.port());
}

// Binds, and leaves the serving coroutine in `context`. The address as bound.
Result<std::string> listen(asio::io_context& context, const EchoOptions& options) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.host, error);
  if (error) return fail(options.host + " is not an IP address");
  const auto refuse = [&] {
    return fail("listen on " + text_of(tcp::endpoint(address, options.port)) + ": " +
                error.message());
  };
  if (options.protocol == EchoProtocol::udp) {
    const udp::endpoint wanted(address, options.port);
    udp::socket socket(context);
    if (socket.open(wanted.protocol(), error) || socket.bind(wanted, error)) return refuse();
    const std::string bound = text_of(socket.local_endpoint());
    asio::co_spawn(context, serve_udp(std::move(socket), options), asio::detached);
    return bound;
  }
  const tcp::endpoint wanted(address, options.port);
  tcp::acceptor acceptor(context);
  if (acceptor.open(wanted.protocol(), error) ||
      acceptor.set_option(tcp::acceptor::reuse_address(true), error) ||
      acceptor.bind(wanted, error) ||
      acceptor.listen(asio::socket_base::max_listen_connections, error)) {
    return refuse();
  }
  const std::string bound = text_of(acceptor.local_endpoint());
  asio::co_spawn(context, accept_forever(std::move(acceptor), options), asio::detached);
  return bound;
}

}  // namespace

Result<void> serve_echo(const EchoOptions& options,
                        const std::function<void(const std::string& address)>& bound) {
  asio::io_context context(1);
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&context](const boost::system::error_code&, int) { context.stop(); });
  const auto address = listen(context, options);
  if (!address) return std::unexpected(address.error());
  bound(*address);
  context.run();
  return {};
}

}  // namespace smic::cli
