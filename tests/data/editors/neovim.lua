-- What a user of Neovim does, without a screen. Each result is printed as a line of JSON: its name and its value.
local function say(name, value)
  io.stdout:write(vim.json.encode({ name, value }) .. '\n')
  io.stdout:flush()
end
local function wait(name, is_so)
  if not vim.wait(120000, is_so, 50) then
    say('waits in vain', name)
    vim.cmd('cquit')
  end
end
local function at(text, offset)
  vim.fn.cursor(1, 1)
  assert(vim.fn.search(text) > 0, text)
  vim.fn.cursor(vim.fn.line('.'), vim.fn.col('.') + (offset or 0))
end
local function map(list, function_)
  return vim.tbl_map(function_, list)
end
local function floating()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      return window
    end
  end
end

vim.cmd.edit('policies/user.yaml')
wait('the server', function() return #(vim.lsp.get_clients or vim.lsp.get_active_clients)({ bufnr = 0 }) > 0 end)
wait('a finding', function() return #vim.diagnostic.get(0, { severity = 1 }) > 0 end)
say('findings', map(vim.diagnostic.get(0, { severity = 1 }), function(one) return one.message end))

at('ofers')
vim.lsp.buf.code_action({ apply = true })
wait('the fix', function() return vim.fn.search('service.offers', 'nw') > 0 end)
wait('no such finding', function()
  return #vim.tbl_filter(function(one) return one.message:find('ofers') end, vim.diagnostic.get(0)) == 0
end)
say('fixed', vim.fn.getline('.'))

at('term.far', 6)
vim.lsp.buf.hover()
wait('the meaning', floating)
say('meaning', vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(floating()), 0, -1, false))
vim.api.nvim_win_close(floating(), true)

at('term.foreign', 6)
vim.lsp.buf.definition()
wait('the definition', function() return vim.fn.expand('%:t') == 'small.yaml' end)
say('definition', vim.fn.expand('<cword>'))

vim.lsp.buf.references()
wait('references', function() return #vim.fn.getqflist() > 1 end)
say('references', map(vim.fn.getqflist(), function(one) return vim.fn.fnamemodify(vim.fn.bufname(one.bufnr), ':t') end))
vim.cmd.cclose()

vim.cmd.edit('policies/small.yaml')
at('foreign:')
vim.lsp.buf.rename('outside')
wait('the rename', function() return vim.fn.search('outside:', 'nw') > 0 end)
vim.cmd.edit('policies/user.yaml')
say('renamed', vim.fn.search('term.outside', 'nw') > 0)

at('when: term.far')
vim.cmd('normal! A && company.fore')
vim.fn.cursor(vim.fn.line('.'), vim.fn.col('$'))
local params = vim.lsp.util.make_position_params(0, 'utf-16')
params.position.character = vim.fn.col('$') - 1
for _, one in pairs(vim.lsp.buf_request_sync(0, 'textDocument/completion', params, 60000)) do
  say('proposals', map(one.result.items or one.result, function(item) return item.label end))
end
vim.cmd('undo')

wait('lenses', function()
  vim.lsp.codelens.refresh({ bufnr = 0 })
  vim.wait(500)
  return #vim.lsp.codelens.get(0) > 0
end)
say('lenses', map(vim.lsp.codelens.get(0), function(one) return one.command.title end))

vim.cmd.edit('spec.yaml')
wait('a finding of a spec', function() return #vim.diagnostic.get(0) > 0 end)
say('findings of a spec', map(vim.diagnostic.get(0), function(one) return one.message end))
vim.cmd('qall!')
