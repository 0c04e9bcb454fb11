// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/stream.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "base/check.h"
#include "runtime/net/asio.h"

namespace smic::net {
namespace {

// Where Asio keeps the one operation of a direction while it is under way: no allocation.
class OperationMemory {
 public:
  void* take(std::size_t size) {
    if (taken_ || size > sizeof bytes_) return ::operator new(size);
    taken_ = true;
    return bytes_;
  }
  void give_back(void* memory) {
    if (memory == bytes_) {
      taken_ = false;
    } else {
      ::operator delete(memory);
    }
  }

 private:
  alignas(std::max_align_t) char bytes_[160];
  bool taken_ = false;
};

template <class T>
struct OperationAllocator {
  using value_type = T;
  OperationMemory* memory;

  explicit OperationAllocator(OperationMemory* where) : memory(where) {}
  template <class U>
  OperationAllocator(const OperationAllocator<U>& other) : memory(other.memory) {}
  T* allocate(std::size_t count) { return static_cast<T*>(memory->take(count * sizeof(T))); }
  void deallocate(T* pointer, std::size_t) { memory->give_back(pointer); }
  bool operator==(const OperationAllocator&) const = default;
};

IoStatus status_of(const boost::system::error_code& error) {
  if (!error) return IoStatus::ok;
  if (error == asio::error::eof) return IoStatus::end;
  if (error == asio::error::operation_aborted) return IoStatus::cancelled;
  return IoStatus::failed;
}

}  // namespace

struct Stream::Impl {
  Impl(Loop& loop, int fd) : socket(context_of(loop), asio::ip::tcp::v4(), fd) {}

  TcpSocket socket;
  std::coroutine_handle<> reader;
  std::coroutine_handle<> writer;
  WriteAwaiter* write = nullptr;  // in the writer's frame
  IoResult read_result;
  bool read_under_way = false;
  bool read_done = false;  // read_result is there to be taken
  bool write_under_way = false;
  bool aborted = false;
  bool orphan = false;  // the Stream is gone; the last operation to come home deletes us
  void (*told)(void*) = nullptr;
  void* told_context = nullptr;
  OperationMemory read_memory;
  OperationMemory write_memory;

  struct ReadDone {
    Impl* impl;
    using allocator_type = OperationAllocator<char>;
    allocator_type get_allocator() const { return allocator_type(&impl->read_memory); }
    void operator()(boost::system::error_code error, std::size_t size) const {
      impl->end_read({size, status_of(error)});
    }
  };
  struct WriteDone {
    Impl* impl;
    using allocator_type = OperationAllocator<char>;
    allocator_type get_allocator() const { return allocator_type(&impl->write_memory); }
    void operator()(boost::system::error_code error) const { impl->go_on_writing(error); }
  };

  void start_read(std::span<char> into) {
    read_under_way = true;
    socket.async_receive(asio::buffer(into.data(), into.size()), ReadDone{this});
  }

  void end_read(IoResult result) {
    read_under_way = false;
    if (orphan) return delete_when_idle();
    read_result = result;
    read_done = true;
    if (reader) {
      std::exchange(reader, nullptr).resume();
    } else if (told != nullptr) {
      told(told_context);
    }
  }

  void start_write_wait() {
    write_under_way = true;
    socket.async_wait(TcpSocket::wait_write, WriteDone{this});
  }

  void go_on_writing(const boost::system::error_code& error) {
    write_under_way = false;
    if (orphan) return delete_when_idle();
    if (error) {
      write->status = status_of(error);
    } else if (aborted) {
      write->status = IoStatus::cancelled;
    } else if (!write->only_wait && !write->advance()) {
      return start_write_wait();
    }
    write = nullptr;
    std::exchange(writer, nullptr).resume();
  }

  void delete_when_idle() {
    if (!read_under_way && !write_under_way) delete this;
  }
};

Stream::Stream(Loop& loop, int fd) : impl_(new Impl(loop, fd)) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Stream::~Stream() {
  SMIC_CHECK(!impl_->reader && !impl_->writer, "a stream is destroyed under a waiting coroutine");
  impl_->orphan = true;
  boost::system::error_code ignored;
  impl_->socket.close(ignored);
  impl_->delete_when_idle();
}

Result<int> Stream::begin_connect(const SocketAddress& to) {
  const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return fail(std::strerror(errno));
  if (::connect(fd, to.data(), to.size()) == 0 || errno == EINPROGRESS) return fd;
  const int error = errno;
  ::close(fd);
  return fail(std::strerror(error));
}

Result<void> Stream::connected() const {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(impl_->socket.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
    error = errno;
  }
  if (error != 0) return fail(std::strerror(error));
  return {};
}

void Stream::start_read(std::span<char> into) {
  SMIC_CHECK(!reading(), "a second read is started");
  if (impl_->aborted) {
    impl_->read_result = {0, IoStatus::cancelled};
    impl_->read_done = true;
    return;
  }
  impl_->start_read(into);
}

bool Stream::reading() const { return impl_->read_under_way || impl_->read_done; }
bool Stream::read_completed() const { return impl_->read_done; }

void Stream::when_unawaited(void (*told)(void*), void* context) {
  impl_->told = told;
  impl_->told_context = context;
}

IoResult Stream::try_write(std::span<const iovec> pieces) {
  if (impl_->aborted) return {0, IoStatus::cancelled};
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  for (;;) {
    const ssize_t sent = ::sendmsg(impl_->socket.native_handle(), &message, MSG_NOSIGNAL);
    if (sent >= 0) return {static_cast<std::size_t>(sent), IoStatus::ok};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {0, IoStatus::ok};
    if (errno != EINTR) return {0, IoStatus::failed};
  }
}

void Stream::finish_writing() {
  boost::system::error_code ignored;
  impl_->socket.shutdown(TcpSocket::shutdown_send, ignored);
}

void Stream::cancel() {
  boost::system::error_code ignored;
  impl_->socket.cancel(ignored);
}

void Stream::abort() {
  impl_->aborted = true;
  cancel();
}

bool Stream::aborted() const { return impl_->aborted; }

bool ReadAwaiter::await_ready() const { return stream.impl_->read_done; }

void ReadAwaiter::await_suspend(std::coroutine_handle<> waiter) {
  SMIC_CHECK(stream.impl_->read_under_way, "a read is awaited that was not started");
  stream.impl_->reader = waiter;
}

IoResult ReadAwaiter::await_resume() {
  stream.impl_->read_done = false;
  return stream.impl_->read_result;
}

bool WriteAwaiter::await_ready() {
  if (!only_wait) return advance();
  if (stream.impl_->aborted) status = IoStatus::cancelled;
  return stream.impl_->aborted;
}

void WriteAwaiter::await_suspend(std::coroutine_handle<> waiter) {
  stream.impl_->writer = waiter;
  stream.impl_->write = this;
  stream.impl_->start_write_wait();
}

bool WriteAwaiter::advance() {
  for (;;) {
    while (!pieces.empty() && pieces.front().iov_len == 0) pieces = pieces.subspan(1);
    if (pieces.empty()) return true;
    IoResult result = stream.try_write(pieces);
    if (result.status != IoStatus::ok) {
      status = result.status;
      return true;
    }
    if (result.size == 0) return false;
    while (!pieces.empty() && result.size >= pieces.front().iov_len) {
      result.size -= pieces.front().iov_len;
      pieces = pieces.subspan(1);
    }
    if (!pieces.empty()) {
      pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + result.size;
      pieces.front().iov_len -= result.size;
    }
  }
}

}  // namespace smic::net
