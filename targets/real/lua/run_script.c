/* The Lua interpreter: compiles and runs a script. Only libraries that stay
 * inside the process are there: a mutated script must not reach the disk. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

#define MEMORY_LIMIT (16u << 20)
#define STEP_LIMIT 20000

static size_t in_use;

static void *bounded_alloc(void *user, void *old, size_t old_size, size_t new_size) {
  (void)user;
  if (!old) old_size = 0; /* then it is a type's number, not a size */
  if (new_size == 0) {
    free(old);
    in_use -= old_size;
    return NULL;
  }
  if (new_size > old_size && in_use + (new_size - old_size) > MEMORY_LIMIT) return NULL;
  void *fresh = realloc(old, new_size);
  if (fresh) in_use += new_size - old_size;
  return fresh;
}

/* Once the limit is reached each further step fails too: a script that catches
 * the error cannot go on. */
static void on_limit(lua_State *L, lua_Debug *where) {
  (void)where;
  lua_sethook(L, on_limit, LUA_MASKCOUNT, 1);
  luaL_error(L, "too many steps");
}

static int quiet(lua_State *L) {
  (void)L;
  return 0;
}

static const luaL_Reg libraries[] = {
    {"_G", luaopen_base},         {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},
    {LUA_MATHLIBNAME, luaopen_math}, {LUA_UTF8LIBNAME, luaopen_utf8}, {LUA_COLIBNAME, luaopen_coroutine},
    {NULL, NULL},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 1 << 14) return 0;
  in_use = 0;
  lua_State *L = lua_newstate(bounded_alloc, NULL);
  if (!L) return 0;
  for (const luaL_Reg *library = libraries; library->func; library++) {
    luaL_requiref(L, library->name, library->func, 1);
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  lua_setglobal(L, "dofile");
  lua_pushnil(L);
  lua_setglobal(L, "loadfile");
  lua_pushnil(L);
  lua_setglobal(L, "load"); /* it takes byte code, which Lua does not check */
  lua_pushcfunction(L, quiet);
  lua_setglobal(L, "print");
  lua_pushcfunction(L, quiet);
  lua_setglobal(L, "warn");

  lua_sethook(L, on_limit, LUA_MASKCOUNT, STEP_LIMIT);
  if (luaL_loadbufferx(L, (const char *)data, size, "=input", "t") == LUA_OK) lua_pcall(L, 0, 0, 0);
  lua_close(L);
  return 0;
}
