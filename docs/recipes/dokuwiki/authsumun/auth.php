<?php

use dokuwiki\Extension\AuthPlugin;

/**
 * Takes the user from the headers of the gateway. Safe only where nobody but the gateway reaches this server: the
 * gateway removes these headers from what clients send, and sets its own.
 */
class auth_plugin_authsumun extends AuthPlugin
{
    public function __construct()
    {
        parent::__construct();
        $this->cando['external'] = true;
        $this->cando['logout'] = false;
        $this->success = true;
    }

    public function trustExternal($user, $pass, $sticky = false)
    {
        global $USERINFO, $INPUT;
        $login = rawurldecode($_SERVER['HTTP_X_SUMUN_USER'] ?? '');
        if ($login === '') {
            return false;
        }
        $groups = rawurldecode($_SERVER['HTTP_X_SUMUN_GROUPS'] ?? '');
        $USERINFO = [
            'name' => rawurldecode($_SERVER['HTTP_X_SUMUN_NAME'] ?? '') ?: $login,
            'mail' => '',
            'grps' => array_merge(['user'], $groups === '' ? [] : explode(',', $groups)),
        ];
        $INPUT->server->set('REMOTE_USER', $login);
        $_SESSION[DOKU_COOKIE]['auth']['user'] = $login;
        $_SESSION[DOKU_COOKIE]['auth']['info'] = $USERINFO;
        return true;
    }

    public function getUserData($user, $requireGroups = true)
    {
        global $USERINFO, $INPUT;
        return $INPUT->server->str('REMOTE_USER') === $user ? $USERINFO : ['name' => $user, 'mail' => '', 'grps' => ['user']];
    }
}
