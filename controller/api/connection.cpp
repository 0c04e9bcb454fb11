// SPDX-License-Identifier: Apache-2.0
// The one file of the controller that knows Beast as a server.
//
// Tested by tests/unit/api/server_test.cpp, and with curl by tests/unit/api/tls_test.cpp.
#include "controller/api/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "controller/api/outbox.h"

namespace smic::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using Clock = Open::Clock;
using PlainLayer = beast::tcp_stream;
using TlsLayer = beast::ssl_stream<beast::tcp_stream>;

constexpr std::chrono::seconds kClosingTime{2};
constexpr std::size_t kFirstRead = 4096;

template <class Layer>
class Connection final : public Open, public std::enable_shared_from_this<Connection<Layer>> {
 public:
  static constexpr bool kSecure = std::is_same_v<Layer, TlsLayer>;

  template <class... Context>
  Connection(Shared& shared, tcp::socket socket, Context&... context)
      : shared_(shared), layer_(std::move(socket), context...) {
    beast::error_code ignored;
    remote_ = text_of(lowest().socket().remote_endpoint(ignored));
    local_ = text_of(lowest().socket().local_endpoint(ignored));
    lowest().socket().set_option(tcp::no_delay(true), ignored);
    lowest().socket().set_option(asio::socket_base::keep_alive(true), ignored);
    shared_.open.insert(this);
    shared_.count_open();
  }

  ~Connection() override {
    leave_stream(false);
    give_back();
    shared_.open.erase(this);
    shared_.count_open();
  }

  void begin() {
    lowest().expires_after(shared_.options.head_time);
    if constexpr (kSecure) {
      layer_.async_handshake(asio::ssl::stream_base::server,
                             [self = this->shared_from_this()](beast::error_code error) {
                               if (!error) return self->greeted();
                               const std::lock_guard lock(self->shared_.mutex);
                               ++self->shared_.figures.failed_handshakes;
                             });
    } else {
      read_head();
    }
  }

  void close() override {
    leave_stream(false);
    beast::error_code ignored;
    lowest().socket().close(ignored);
  }

  void wind_down() override {
    last_ = true;
    if (idle) close();
    if (outbox_) outbox_->end();
  }

 private:
  auto& lowest() { return beast::get_lowest_layer(layer_); }

  void greeted() {
    if constexpr (kSecure) client_ = shared_.clients.identify(layer_.native_handle());
    read_head();
  }

  // ---- a request --------------------------------------------------------------------------------

  // Waits for the first byte of the next request: for that there is more time than for the rest.
  void wait() {
    if (shared_.stopping || last_) return finish();
    if (buffer_.size() > 0) return read_head();
    idle = true;
    since = Clock::now();
    lowest().expires_after(shared_.options.idle_time);
    layer_.async_read_some(
        buffer_.prepare(kFirstRead),
        [self = this->shared_from_this()](beast::error_code error, std::size_t size) {
          self->idle = false;
          self->buffer_.commit(size);
          if (!error) self->read_head();
        });
  }

  void read_head() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_.options.max_head));
    parser_->body_limit(boost::none);  // known when the route is
    route_ = nullptr;
    begun_ = {};
    lowest().expires_after(shared_.options.head_time);
    http::async_read_header(
        layer_, buffer_, *parser_,
        [self = this->shared_from_this()](beast::error_code error, std::size_t) {
          if (!error) return self->read_rest();
          self->refuse_head(error);
        });
  }

  void refuse_head(beast::error_code error) {
    if (error == http::error::end_of_stream) return finish();
    if (error == http::error::header_limit) {
      return refuse(431, "RequestHeaderFieldsTooLarge", "the request's headers are too large");
    }
    // Errors of the parser, not of the network.
    if (error.category() == http::make_error_code(http::error::bad_method).category()) {
      refuse(400, "BadRequest", "not a request of HTTP/1.1: " + error.message());
    }
  }

  void read_rest() {
    const auto& head = parser_->get();
    const std::string_view target(head.target().data(), head.target().size());
    path_ = target.substr(0, target.find('?'));
    begun_ = Clock::now();
    route_ = find_route(shared_.routes, path_, kSecure);
    if (!target.starts_with('/')) return refuse(400, "BadRequest", "the target is no path");
    if (route_ == nullptr) {
      return refuse(404, "NotFound", "the server could not find the requested resource");
    }
    if (!takes(method())) return refuse(405, "MethodNotAllowed", "not offered for this path");
    if (!reserve()) return;
    parser_->body_limit(route_->max_body);
    lowest().expires_after(shared_.options.body_time);
    if (beast::iequals(head[http::field::expect], "100-continue")) return tell_to_go_on();
    read_body();
  }

  std::string method() const {
    const auto& head = parser_->get();
    if (head.method() == http::verb::head) return "GET";
    return std::string(head.method_string());
  }

  bool takes(const std::string& method) const {
    return std::ranges::find(route_->methods, method) != route_->methods.end();
  }

  // Room for the body, as long as the request is being answered.
  bool reserve() {
    const auto length = parser_->content_length();
    if (length && *length > route_->max_body) {
      refuse(413, "RequestEntityTooLarge", "the request's body is too large");
      return false;
    }
    const std::size_t size = length ? *length : parser_->chunked() ? route_->max_body : 0;
    if (shared_.bodies + size > shared_.options.max_bodies) {
      refuse(503, "ServiceUnavailable", "too many requests are being answered");
      return false;
    }
    shared_.bodies += reserved_ = size;
    return true;
  }
  void give_back() { shared_.bodies -= std::exchange(reserved_, 0); }

  void tell_to_go_on() {
    static constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(layer_, asio::buffer(kGoOn),
                      [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                        if (!error) self->read_body();
                      });
  }

  void read_body() {
    http::async_read(layer_, buffer_, *parser_,
                     [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                       if (!error) return self->handle();
                       if (error == http::error::body_limit) {
                         self->refuse(413, "RequestEntityTooLarge",
                                      "the request's body is too large");
                       } else if (error.category() ==
                                  http::make_error_code(http::error::bad_method).category()) {
                         self->refuse(400, "BadRequest", error.message());
                       }
                     });
  }

  Request take_request() {
    auto message = parser_->release();
    Request request;
    request.method = message.method() == http::verb::head ? "GET" : message.method_string();
    request.path = path_;
    const std::string_view target(message.target().data(), message.target().size());
    request.query = target.substr(std::min(target.size(), path_.size() + 1));
    for (const auto& field : message) {
      request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    request.body = std::move(message.body());
    request.remote = remote_;
    request.local = local_;
    request.secure = kSecure;
    request.client = client_;
    head_only_ = message.method() == http::verb::head;
    keep_alive_ = message.keep_alive();
    version_ = message.version();
    return request;
  }

  void handle() {
    if (shared_.cut) return;  // nobody would take it up
    lowest().expires_never();
    auto request = std::make_shared<const Request>(take_request());
    parser_.reset();
    if (route_->stream) return handle_stream(std::move(request));
    // The connection is moved along and back: it must not end on a handler's thread.
    asio::post(
        shared_.pool, [self = this->shared_from_this(), request = std::move(request)]() mutable {
          auto response = std::make_shared<Response>(self->route_->handle(*request));
          asio::post(self->shared_.io,
                     [self = std::move(self), response] { self->answer(std::move(*response)); });
        });
  }

  // ---- an answer --------------------------------------------------------------------------------

  void refuse(int status, std::string_view reason, std::string_view message) {
    keep_alive_ = false;
    const auto& head = parser_->get();
    head_only_ = head.method() == http::verb::head;
    version_ = head.version() == 0 ? 11 : head.version();
    if (begun_ == Clock::time_point()) begun_ = Clock::now();
    answer(status_response(status, reason, message));
  }

  template <class Message>
  void set_head(Message& message, int status, const std::string& type,
                const std::vector<Header>& headers) {
    message.version(version_);
    message.result(static_cast<unsigned>(status));
    message.set(http::field::content_type, type);
    for (const Header& header : headers) message.insert(header.name, header.value);
    if (status == 405 && route_ != nullptr) {
      std::string allowed;
      for (const std::string& method : route_->methods) {
        allowed += (allowed.empty() ? "" : ", ") + method;
      }
      message.set(http::field::allow, allowed);
    }
  }

  void answer(Response response) {
    give_back();
    shared_.count_answer(route_, response.status, Clock::now() - begun_);
    begun_ = {};
    keep_alive_ = keep_alive_ && !shared_.stopping;
    response_ = {};
    set_head(response_, response.status, response.type, response.headers);
    response_.keep_alive(keep_alive_);
    response_.content_length(response.body.size());
    if (!head_only_) response_.body() = std::move(response.body);
    lowest().expires_after(shared_.options.write_time);
    serializer_.emplace(response_);
    http::async_write(layer_, *serializer_,
                      [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                        self->serializer_.reset();
                        self->response_ = {};
                        if (error) return;
                        self->keep_alive_ ? self->wait() : self->finish();
                      });
  }

  // ---- a stream ---------------------------------------------------------------------------------

  void handle_stream(std::shared_ptr<const Request> request) {
    if (version_ < 11 || head_only_) {
      return answer(status_response(400, "BadRequest", "this answer is a stream of HTTP/1.1"));
    }
    outbox_ = std::make_shared<Outbox>(route_->max_waiting, [this, weak = this->weak_from_this()] {
      asio::post(shared_.io, [weak] {
        if (const auto self = weak.lock()) self->pump();
      });
    });
    asio::post(shared_.pool, [self = this->shared_from_this(), request = std::move(request),
                              outbox = outbox_]() mutable {
      auto head = std::make_shared<std::expected<StreamHead, Response>>(
          self->route_->stream(*request, outbox));
      asio::post(self->shared_.io,
                 [self = std::move(self), head] { self->open_stream(std::move(*head)); });
    });
  }

  void open_stream(std::expected<StreamHead, Response> head) {
    if (!head) {
      leave_stream(true);
      return answer(std::move(head.error()));
    }
    if (!outbox_) return;  // stopped meanwhile
    give_back();
    shared_.count_answer(route_, 200, Clock::now() - begun_);
    count_stream(true);
    set_head(stream_head_, 200, head->type, head->headers);
    stream_head_.keep_alive(false);
    stream_head_.chunked(true);
    watch_client();
    lowest().expires_after(shared_.options.write_time);
    writing_ = true;
    stream_serializer_.emplace(stream_head_);
    http::async_write_header(layer_, *stream_serializer_,
                             [self = this->shared_from_this()](
                                 beast::error_code error, std::size_t) { self->written(error); });
    streaming_ = true;
  }

  void watch_client() {
    lowest().expires_never();
    watching_ = true;
    layer_.async_read_some(asio::buffer(ignored_),
                           [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                             self->watching_ = false;
                             if (self->ended_) return self->finish();
                             if (!self->outbox_) return;
                             if (error) return self->close();
                             self->watch_client();
                           });
  }

  // One reads at a time, and a read that has begun takes no new limit of time.
  void end_stream() {
    leave_stream(true);
    if (!watching_) return finish();
    ended_ = true;
    lowest().cancel();
  }

  // As one chunk whatever is waiting.
  void pump() {
    if (!streaming_ || writing_ || !outbox_) return;
    auto batch = outbox_->take();
    if (batch.cut) return close();
    if (batch.pieces.empty() && !batch.ended) return;
    std::size_t size = 0;
    for (const auto& piece : batch.pieces) size += piece->size();
    sending_ = std::move(batch.pieces);
    ending_ = batch.ended;
    std::array<char, 24> hex{};
    const int digits = std::snprintf(hex.data(), hex.size(), "%zx\r\n", size);
    chunk_head_.assign(size > 0 ? hex.data() : "", size > 0 ? static_cast<std::size_t>(digits) : 0);
    chunk_tail_ = std::string(size > 0 ? "\r\n" : "") + (ending_ ? "0\r\n\r\n" : "");
    std::vector<asio::const_buffer> buffers{asio::buffer(chunk_head_)};
    for (const auto& piece : sending_) buffers.push_back(asio::buffer(*piece));
    buffers.push_back(asio::buffer(chunk_tail_));
    writing_ = true;
    lowest().expires_after(shared_.options.write_time);
    asio::async_write(layer_, buffers,
                      [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                        self->written(error);
                      });
  }

  void written(beast::error_code error) {
    writing_ = false;
    sending_.clear();
    if (error) return close();
    ending_ ? end_stream() : pump();
  }

  void leave_stream(bool all_sent) {
    if (std::exchange(streaming_, false)) count_stream(false);
    if (const auto outbox = std::exchange(outbox_, nullptr)) outbox->close(all_sent);
  }

  void count_stream(bool opened) {
    const std::lock_guard lock(shared_.mutex);
    shared_.figures.streams += opened ? 1 : -1;
  }

  // ---- the end ----------------------------------------------------------------------------------

  void finish() {
    lowest().expires_after(kClosingTime);
    if constexpr (kSecure) {
      layer_.async_shutdown(
          [self = this->shared_from_this()](beast::error_code) { self->linger(); });
    } else {
      linger();
    }
  }

  // What the client still sends is read, or the kernel would take our answer back (RST).
  void linger() {
    beast::error_code error;
    lowest().socket().shutdown(tcp::socket::shutdown_send, error);
    if (!error) discard();
  }
  void discard() {
    lowest().async_read_some(asio::buffer(ignored_), [self = this->shared_from_this()](
                                                         beast::error_code error, std::size_t) {
      if (!error) self->discard();
    });
  }

  Shared& shared_;
  Layer layer_;
  std::string remote_, local_;
  std::optional<ClientCertificate> client_;
  beast::flat_buffer buffer_;
  std::array<char, 512> ignored_;

  std::optional<http::request_parser<http::string_body>> parser_;
  std::string path_;
  const Route* route_ = nullptr;
  Clock::time_point begun_;
  std::size_t reserved_ = 0;
  bool head_only_ = false, keep_alive_ = true, last_ = false;
  unsigned version_ = 11;

  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;

  std::shared_ptr<Outbox> outbox_;
  bool streaming_ = false, writing_ = false, ending_ = false;
  bool watching_ = false, ended_ = false;
  http::response<http::empty_body> stream_head_;
  std::optional<http::response_serializer<http::empty_body>> stream_serializer_;
  std::vector<Stream::Piece> sending_;
  std::string chunk_head_, chunk_tail_;
};

}  // namespace

void Shared::count_open() {
  const std::lock_guard lock(mutex);
  figures.connections = open.size();
  if (open.empty()) emptied.notify_all();
}

void Shared::count_answer(const Route* route, int status, Clock::duration taken) {
  const std::lock_guard lock(mutex);
  RouteFigures& of = figures.answered[{route ? route->path : "", status}];
  ++of.requests;
  of.seconds += std::chrono::duration<double>(taken).count();
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string ip = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? '[' + ip + ']' : ip) + ':' + std::to_string(endpoint.port());
}

void serve(Shared& shared, tcp::socket socket) {
  std::make_shared<Connection<PlainLayer>>(shared, std::move(socket))->begin();
}

void serve(Shared& shared, tcp::socket socket, ssl_ctx_st* context) {
  asio::ssl::context owned(context);
  std::make_shared<Connection<TlsLayer>>(shared, std::move(socket), owned)->begin();
}

}  // namespace smic::api
