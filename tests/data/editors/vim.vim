" What a user of Vim with ALE does, without a screen. Each result is a line of JSON in $RESULTS: its name and its value.
set nomore noswapfile hidden
function! Say(name, value)
  call writefile([json_encode([a:name, a:value])], $RESULTS, 'a')
endfunction
function! Wait(name, Is)
  for _ in range(1200)
    if a:Is() | return | endif
    sleep 100m
  endfor
  call Say('waits in vain', a:name)
  cquit
endfunction
function! At(text, offset)
  call cursor(1, 1)
  call search(a:text, 'c')
  call cursor(line('.'), col('.') + a:offset)
endfunction
function! Findings()
  return map(copy(ale#engine#GetLoclist(bufnr(''))), 'v:val.text')
endfunction
" The proposals of the omnifunc, which asks the server when it is called first and has them when it is called again.
function! Proposals()
  call ale#completion#OmniFunc(1, '')
  call Wait('proposals', {-> ale#completion#GetCompletionResult() isnot v:null})
  call Say('proposals', map(copy(ale#completion#OmniFunc(0, 'fore')), 'v:val.word'))
  return ''
endfunction

edit policies/user.yaml
call Wait('a finding', {-> len(Findings()) > 0})
call Say('findings', Findings())

call At('ofers', 0)
call feedkeys("1\<CR>", 't')
ALECodeAction
call Wait('the fix', {-> search('service.offers', 'nw') > 0})
ALELint
call Wait('no such finding', {-> match(Findings(), 'ofers') < 0})
call Say('fixed', getline('.'))

let g:ale_hover_to_preview = 1
call At('term.far', 6)
ALEHover
call Wait('the meaning', {-> winnr('$') > 1})
wincmd P
call Say('meaning', getline(1, '$'))
pclose

call At('term.foreign', 6)
ALEFindReferences -quickfix
call Wait('references', {-> len(getqflist()) > 0})
call Say('references', map(getqflist(), {_, one -> fnamemodify(bufname(one.bufnr), ':t')}))
cclose

call At('term.foreign', 6)
ALEGoToDefinition
call Wait('the definition', {-> expand('%:t') ==# 'small.yaml'})
call Say('definition', expand('<cword>'))

call feedkeys("\<C-u>outside\<CR>", 't')
ALERename
call Wait('the rename', {-> search('outside:', 'nw') > 0})
edit policies/user.yaml
call Say('renamed', search('term.outside', 'nw') > 0 ? v:true : v:false)

call At('when: term.far', 0)
call feedkeys("A && company.fore\<C-r>=Proposals()\<CR>\<Esc>", 'tx')
undo

edit! spec.yaml
call Wait('a finding of a spec', {-> len(Findings()) > 0})
call Say('findings of a spec', Findings())
qall!
