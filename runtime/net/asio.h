// SPDX-License-Identifier: Apache-2.0
// Asio's door: included by loop.cpp and stream.cpp alone. One thread owns each io_context, so its
// locks are off; what comes from other threads goes through Loop::post.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

namespace smic::net {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

asio::io_context& context_of(class Loop& loop);

}  // namespace smic::net
